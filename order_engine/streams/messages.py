"""Parses messages of streams: a line of JSON becomes a command, or a ``FormError`` that says what is wrong."""

from collections.abc import Callable, Mapping

from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    DelistInstrument,
    DisableUser,
    EnableUser,
    PlaceOrder,
    SetInstrument,
    SetRiskLimits,
    SetState,
    SettleInstrument,
)
from order_engine.wire import exact_json
from order_engine.wire.exact_json import NotJson
from order_engine.wire.form import (
    AMEND_FIELDS,
    CANCEL_ALL_FIELDS,
    CANCEL_FIELDS,
    CLEARABLE,
    DELIST_FIELDS,
    INSTRUMENT_FIELDS,
    PLACE_FIELDS,
    PLACE_REQUIRED,
    RISK_LIMITS_FIELDS,
    SETTLE_FIELDS,
    STATE_FIELDS,
    USER_FIELDS,
    FormError,
    Parser,
    amend_order,
    command_of,
    place_order,
    read_fields,
    set_instrument,
)
from order_engine.wire.identifiers import parse_order_id
from order_engine.wire.timestamps import parse_timestamp

Message = dict[str, object]

CREATE_REQUIRED = ("order_id", *PLACE_REQUIRED)


def decode_message(line: bytes) -> Message:
    """Parse one line as a JSON object with exact numbers; raise ``FormError`` if it is not one."""
    try:
        message = exact_json.decode(line)
    except NotJson as error:
        raise FormError({"line": [str(error)]}) from error
    if type(message) is not dict:
        raise FormError({"line": ["Not a JSON object."]})
    return message


class CommandReader:
    """Turns messages into commands, by their ``type``."""

    def __init__(self) -> None:
        self._readers: Mapping[str, Callable[[Message], Command]] = {
            "create": self._create,
            "amend": self._amend,
            "cancel": _reader(CancelOrder, CANCEL_FIELDS, "order_id"),
            "cancel_all": _reader(CancelAll, CANCEL_ALL_FIELDS, "user_id"),
            "instrument": _instrument,
            "state": _reader(SetState, STATE_FIELDS, "symbol", "state"),
            "settle": _reader(SettleInstrument, SETTLE_FIELDS, "symbol", "price"),
            "delist": _reader(DelistInstrument, DELIST_FIELDS, "symbol"),
            "risk_limits": _reader(SetRiskLimits, RISK_LIMITS_FIELDS, "user_id"),
            "disable_user": _reader(DisableUser, USER_FIELDS, "user_id"),
            "enable_user": _reader(EnableUser, USER_FIELDS, "user_id"),
        }
        place = {**PLACE_FIELDS, "order_id": parse_order_id, "expire_at": parse_timestamp}
        self._create_fields: Mapping[str, Parser] = {
            "order_type" if name == "type" else name: parser for name, parser in place.items()
        }
        self._amend_fields: Mapping[str, Parser] = {**CANCEL_FIELDS, **AMEND_FIELDS}

    def read(self, message: Message) -> Command:
        """Parse a message without its ``seq`` and ``timestamp``; this changes the message."""
        kind = message.pop("type", None)
        if kind is None:
            raise FormError({"type": ["Missing."]})
        word = kind.lower() if isinstance(kind, str) else ""
        reader = self._readers.get(word)
        if reader is None:
            raise FormError({"type": [f"Must be one of: {', '.join(self._readers)}."]})
        return reader(message)

    def _create(self, message: Message) -> PlaceOrder:
        fields = read_fields(message, self._create_fields, CREATE_REQUIRED)
        if "order_type" in fields:
            fields["type"] = fields.pop("order_type")
        return place_order(fields)

    def _amend(self, message: Message) -> AmendOrder:
        fields = read_fields(message, self._amend_fields, ("order_id",))
        order_id = fields.pop("order_id")
        symbol = fields.pop("symbol", None)
        return amend_order(fields, order_id=order_id, symbol=symbol)


def _instrument(message: Message) -> SetInstrument:
    return set_instrument(read_fields(message, INSTRUMENT_FIELDS, ("symbol",), clearable=CLEARABLE))


def _reader(
    kind: Callable[..., Command], parsers: Mapping[str, Parser], *required: str
) -> Callable[[Message], Command]:
    return lambda message: command_of(kind, read_fields(message, parsers, required))

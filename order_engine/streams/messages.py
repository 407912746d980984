"""Stream messages: from a line of JSON to a command, exactly, or a ``FormError`` that says why not."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from functools import lru_cache

import msgspec

from order_engine.matching.commands import AmendOrder, CancelAll, CancelOrder, Command, PlaceOrder, SetInstrument
from order_engine.protocol.form import (
    AMEND_FIELDS,
    CANCEL_ALL_FIELDS,
    INSTRUMENT_FIELDS,
    PLACE_FIELDS,
    FormError,
    Parser,
    amend_order,
    cancel_all,
    place_order,
    read_fields,
    set_instrument,
)
from order_engine.protocol.identifiers import parse_identifier, parse_symbol

Message = dict[str, object]

REMEMBERED_VALUES = 8_192
NOT_YET_COMMANDS = frozenset({"state", "risk_limits", "disable_user", "enable_user"})
NOT_YET_CREATE_FIELDS = ("display_quantity", "stop_price", "trail_amount", "expire_at", "self_trade_prevention")
NOT_YET_AMEND_FIELDS = ("display_quantity", "stop_price", "trail_amount")
NOT_YET_INSTRUMENT_FIELDS = (
    "price_band_percent",
    "circuit_breaker_percent",
    "reference_price",
    "self_trade_prevention",
)


def decode_message(line: bytes) -> Message:
    """Read one line as a JSON object, numbers digit by digit; raise ``FormError`` if it is none."""
    try:
        message = _decoder.decode(line)
    except RecursionError as error:
        raise FormError({"line": ["Nested too deeply."]}) from error
    except ValueError as error:
        raise FormError({"line": [f"Not JSON: {error}."]}) from error
    if type(message) is not dict:
        raise FormError({"line": ["Not a JSON object."]})
    # Outside of strings each name has one colon; only where there are more can a name have been lost to another.
    if line.count(b":") > len(message):
        _refuse_names_given_twice(line)
    return message


class CommandReader:
    """Reads messages that say what to do: ``type`` and the fields that go with it."""

    def __init__(self) -> None:
        self._readers: Mapping[str, Callable[[Message], Command]] = {
            "create": self._create,
            "amend": self._amend,
            "cancel": self._cancel,
            "cancel_all": self._cancel_all,
            "instrument": self._instrument,
        }
        place = {name: _remembering(parser) for name, parser in PLACE_FIELDS.items()}
        self._create_fields: Mapping[str, Parser] = {
            **_not_yet(NOT_YET_CREATE_FIELDS),
            **{"order_type" if name == "type" else name: parser for name, parser in place.items()},
            "client_order_id": parse_identifier,
            "order_id": parse_identifier,
        }
        self._cancel_fields: Mapping[str, Parser] = {"order_id": parse_identifier, "symbol": _remembering(parse_symbol)}
        self._amend_fields: Mapping[str, Parser] = {
            **_not_yet(NOT_YET_AMEND_FIELDS),
            **self._cancel_fields,
            **{name: _remembering(parser) for name, parser in AMEND_FIELDS.items()},
        }
        self._instrument_fields = {**_not_yet(NOT_YET_INSTRUMENT_FIELDS), **INSTRUMENT_FIELDS}

    def read(self, message: Message) -> Command:
        """Read a message from which ``seq`` and ``timestamp`` were taken; it is used up."""
        kind = message.pop("type", None)
        if kind is None:
            raise FormError({"type": ["Missing."]})
        word = kind.lower() if isinstance(kind, str) else ""
        reader = self._readers.get(word)
        if reader is not None:
            return reader(message)
        if word in NOT_YET_COMMANDS:
            raise FormError({"type": [f"{word} is not supported yet."]})
        raise FormError({"type": [f"Must be one of: {', '.join(self._readers)}."]})

    def _create(self, message: Message) -> PlaceOrder:
        fields = read_fields(message, self._create_fields, ("order_id", "symbol", "side", "quantity"))
        if "order_type" in fields:
            fields["type"] = fields.pop("order_type")
        return place_order(fields, fields["order_id"])

    def _amend(self, message: Message) -> AmendOrder:
        fields = read_fields(message, self._amend_fields, ("order_id",))
        order_id = fields.pop("order_id")
        symbol = fields.pop("symbol", None)
        return amend_order(fields, order_id=order_id, symbol=symbol)

    def _cancel(self, message: Message) -> CancelOrder:
        fields = read_fields(message, self._cancel_fields, ("order_id",))
        return CancelOrder(order_id=fields["order_id"], symbol=fields.get("symbol"))

    def _cancel_all(self, message: Message) -> CancelAll:
        return cancel_all(read_fields(message, CANCEL_ALL_FIELDS, ("user_id",)))

    def _instrument(self, message: Message) -> SetInstrument:
        return set_instrument(read_fields(message, self._instrument_fields, ("symbol",)))


def _exact(number: str) -> Decimal:
    try:
        return Decimal(number)
    except DecimalException:
        # Larger than Decimal can hold; the field it is in refuses infinity and is named.
        return Decimal("Infinity")


_decoder = msgspec.json.Decoder(float_hook=_exact)


def _refuse_names_given_twice(line: bytes) -> None:
    json.loads(line, object_pairs_hook=_refuse_twice, parse_float=str, parse_int=str)


def _refuse_twice(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise FormError({name: ["Given more than once."]})
        seen.add(name)


def _remembering(parser: Parser) -> Parser:
    """Remember what strings meant: the same prices, symbols and words come again and again."""
    remembered = lru_cache(maxsize=REMEMBERED_VALUES)(parser)

    def parse(value: object) -> object:
        return remembered(value) if type(value) is str else parser(value)

    return parse


def _not_yet(names: tuple[str, ...]) -> dict[str, Parser]:
    return dict.fromkeys(names, _refuse_not_yet)


def _refuse_not_yet(_: object) -> object:
    raise ValueError("Not supported yet.")

"""An unknown field is an error, so that data of a newer program is never misread."""

from typing import get_args

import msgspec
import pytest

from order_engine.matching.commands import Command, ScheduledState, SessionState
from order_engine.matching.events import Event, OrderState
from order_engine.matching.instrument import Instrument
from tests.builders import buy

KINDS = [*get_args(Command), *get_args(Event), OrderState, Instrument, ScheduledState]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_that_is_written_down_forbids_unknown_fields(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.forbid_unknown_fields


def test_command_with_a_field_of_a_newer_program_is_not_read() -> None:
    written = msgspec.json.encode(buy())
    newer = written.replace(b'"symbol"', b'"iceberg_jitter":1,"symbol"')

    assert msgspec.json.decode(written, type=Command) == buy()
    with pytest.raises(msgspec.ValidationError, match="unknown field `iceberg_jitter`"):
        msgspec.json.decode(newer, type=Command)


def test_scheduled_state_with_an_unknown_field_is_not_read() -> None:
    written = msgspec.json.encode(ScheduledState(second_of_day=1, state=SessionState.OPEN))

    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(written[:-1] + b',"zone":"UTC"}', type=ScheduledState)

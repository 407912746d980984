"""Every command and event has a sentence that says what was requested or what happened."""

import json

import pytest

from order_engine.exchange.applied import Applied
from order_engine.followers.audit.entries import bodies_of
from order_engine.followers.audit.reasons import WORDS
from order_engine.followers.audit.sentences import COMMAND_WORDS, EVENT_WORDS, kinds, tag_of
from order_engine.journal.record import Record
from order_engine.matching.commands import Command, SetInstrument
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import Event
from order_engine.matching.reason import Reason
from tests.builders import amend, buy, cancel, cancel_all, sell
from tests.naive.random_commands import RandomCommands
from tests.unit.audit.audited import Audited, trading


def test_no_kind_of_command_or_event_and_no_reason_is_forgotten() -> None:
    assert {tag_of(kind) for kind in kinds(Command)} <= COMMAND_WORDS.keys()
    assert {tag_of(kind) for kind in kinds(Event)} <= EVENT_WORDS.keys()
    assert {reason.value for reason in Reason} <= WORDS.keys()


@pytest.mark.parametrize("seed", range(20))
def test_any_command_and_all_that_comes_of_it_can_be_written(seed: int) -> None:
    engine = MatchingEngine()
    for step in RandomCommands(seed).steps(150):
        events = engine.apply(step.command, step.sequence, step.timestamp_ns)
        record = Record(sequence=step.sequence, timestamp_ns=step.timestamp_ns, commands=(step.command,))

        (body,) = bodies_of(Applied(record, [events]))

        entry = json.loads(body)
        assert len(entry["outcome"]) == len(events)
        assert entry["by"]
        assert "{" not in entry["command"] + "".join(entry["outcome"]) or "schedule" in entry["command"]


def test_entries_say_who_wanted_what_and_what_came_of_it() -> None:
    entries = [json.loads(body) for applied in trading() for body in bodies_of(applied)]

    assert [(entry["by"], entry["command"]) for entry in entries] == [
        ("sue", "sell 10 AAPL at 100.00"),
        ("bob", "buy 4 AAPL at 100.00"),
        ("bob", "buy 10 AAPL at 99.00"),
        ("an unnamed user", "buy 10 AAPL at 99.001"),
        ("an unnamed user", "sell 1 AAPL at 100.00"),
        ("bob", "amend order 3: quantity 5"),
        ("bob", "cancel order 3"),
        ("an unnamed user", "cancel order 3"),
        ("bob", "buy 20 AAPL at 100.00, time in force IOC"),
    ]
    assert [entry["outcome"][-1] for entry in entries] == [
        "order 1 of sue was accepted",
        "order 2 of bob bought 4 at 100.00 from order 1 of sue (trade 2-1)",
        "order 3 of bob was accepted",
        "order 4 was refused because the price is no multiple of the tick size (tick_size)",
        "order 5 was accepted",
        "order 3 of bob was amended to 5 at 99.00",
        "order 3 of bob was canceled with 5 left because that was asked for (user_requested)",
        "the cancel was refused because there is no such live order (unknown_order)",
        "order 9 of bob was canceled with 13 left because it could not trade at once and was not to wait "
        "(ioc_remainder)",
    ]
    assert [entry.get("part") for entry in entries[1:5]] == [None, "1 of 3", "2 of 3", "3 of 3"]
    assert entries[8]["orders"]["9"] == {
        "user": "bob",
        "status": "CANCELED",
        "quantity": "20",
        "filled": "7",
        "reason": "ioc_remainder",
    }
    assert entries[8]["time"] == "2023-11-14T22:13:20.000000Z"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (buy(price=None, client_order_id="c"), "buy 10 AAPL at the market, client order id c"),
        (sell(post_only=True), "sell 10 AAPL at 100.00, post only"),
        (amend(user_id="ann", client_order_id="c", price="1"), "amend the order that ann calls c: price 1.00"),
        (cancel("7", symbol="AAPL"), "cancel order 7 in AAPL"),
        (cancel_all("ann", symbol="AAPL"), "cancel all orders of ann in AAPL"),
        (SetInstrument(symbol="X", tick_size_e8=50_000_000), "list or change X: tick size 0.5"),
    ],
)
def test_command_in_words(command: Command, words: str) -> None:
    (body,) = bodies_of(Audited().take(command))

    assert json.loads(body)["command"] == words


def test_refused_amend_is_told_under_the_orders_user() -> None:
    audited = Audited()
    audited.take(buy(user_id="bob"))

    (body,) = bodies_of(audited.take(amend("1", price="99.001")))

    assert json.loads(body)["by"] == "bob"

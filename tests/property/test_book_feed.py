"""A client that applies the feed's updates has, at every sequence, the engine's book; a wrong message is noticed."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.exchange.applied import Applied
from order_engine.feeds.feeds import Feeds
from order_engine.feeds.hand_over import BOOK, ORDERS_OF_BOOK, Subscription
from order_engine.journal.record import Record
from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import Command, PlaceOrder, Side
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.instrument import Instrument
from order_engine.wire.rendering import levels
from order_engine.wire.units import format_price, format_quantity
from tests.local_book import LocalBook, Message, OutOfStep, Row, messages_in
from tests.property.strategies import AMENDS, CANCELS, ORDER_IDS, PRICES, QUANTITIES, STREAMS, UNIT_E8, steps

SYMBOL = "AAA"
FIRST = PlaceOrder(symbol=SYMBOL, side=Side.BUY, price_e8=UNIT_E8, quantity_e8=UNIT_E8)
FATES = st.lists(st.sampled_from(["delivered", "delivered", "delivered", "dropped", "resync", "blocked"]), min_size=80)
DEPTHS = st.sampled_from([1, 2, 3, 10])

FORMS = st.sampled_from([BOOK, ORDERS_OF_BOOK])

Books = tuple[list[Row], list[Row]]


class Client:
    """A client on a line that loses messages; it keeps its book as well as it can."""

    def __init__(self, form: str) -> None:
        self.book = LocalBook(is_by_order=form == ORDERS_OF_BOOK)
        self.is_blocked = False
        self.loses = False
        self.is_lost = False

    def send(self, frames: bytes) -> None:
        for message in messages_in(frames):
            if self.loses:
                continue
            try:
                self.book.take(message)
                self.is_lost &= message["type"] != "snapshot"
            except OutOfStep:
                self.is_lost = True


class Market:
    """An engine with its feeds, and the books that it had at each sequence."""

    def __init__(self, depth: int, form: str = BOOK) -> None:
        self.engine = MatchingEngine()
        self.feeds = Feeds(lambda: self.engine, 0)
        self.depth = depth
        self.form = form
        self.books: dict[int, Books] = {0: ([], [])}

    def apply(self, command: Command, sequence: int, timestamp_ns: int) -> None:
        events = self.engine.apply(command, sequence, timestamp_ns)
        self.feeds.take(Applied(Record(sequence=sequence, timestamp_ns=timestamp_ns, commands=(command,)), [events]))
        self.books[sequence] = self.book_now()

    def book_now(self) -> Books:
        book = self.engine.books.get(SYMBOL)
        if book is None:
            return [], []
        rows = queues_of if self.form == ORDERS_OF_BOOK else levels_of
        bids, asks = (rows(side, book.instrument)[: self.depth] for side in (book.bids, book.asks))
        return bids, asks


def levels_of(side: BookSide, instrument: Instrument) -> list[Row]:
    tick, lot = instrument.tick_size_e8, instrument.lot_size_e8
    best = side.best_first()
    return [*levels([(level.price_ticks * tick, level.shown_lots * lot, level.length) for level in best], tick)]


def queues_of(side: BookSide, instrument: Instrument) -> list[Row]:
    tick, lot = instrument.tick_size_e8, instrument.lot_size_e8
    return [
        (order.order_id, format_price(level.price_ticks * tick, tick), format_quantity(order.shown_lots * lot))
        for level in side.best_first()
        for order in level
    ]


@settings(max_examples=200, deadline=None)
@given(commands=STREAMS, fates=FATES, depth=DEPTHS, form=FORMS, looks=st.lists(st.booleans(), min_size=80))
def test_client_has_the_book_of_every_sequence_that_it_was_told(
    commands: list[Command], fates: list[str], depth: int, form: str, looks: list[bool]
) -> None:
    market, client = Market(depth, form), Client(form)
    channel = market.feeds.join(client, Subscription(form, SYMBOL, depth), 0)

    for step, fate, is_look in zip(steps(commands), fates, looks, strict=False):
        market.apply(step.command, step.sequence, step.timestamp_ns)
        client.loses, client.is_blocked = fate == "dropped", fate == "blocked"
        if is_look:
            market.feeds.look()
            market.feeds.flush(0)
        client.loses = False
        if client.is_lost or fate == "resync":
            channel.resync(client)
        assert_in_step(client, market)
    client.is_blocked = False
    market.feeds.look()
    market.feeds.flush(0)
    channel.resync(client)

    assert client.book.best() == market.book_now()


def assert_in_step(client: Client, market: Market) -> None:
    if client.book.sequence is not None and not client.is_lost:
        assert client.book.best() == market.books[client.book.sequence]


def one_digit(text: str, chance: int) -> str:
    place = chance % len(text)
    other = "7" if text[place] != "7" else "3"
    return text if text[place] == "." else text[:place] + other + text[place + 1 :]


Rows = list[list[Any]]  # Any: of a message
Spoil = Callable[[Rows, int, int], None]
"""Corrupts one side of a message by chance. The last argument is where the rows have their price; quantities follow."""


def drop_row(rows: Rows, chance: int, _price: int) -> None:
    del rows[chance % len(rows)]


def spoil_first_field(rows: Rows, chance: int, _price: int) -> None:
    row = rows[chance % len(rows)]
    row[0] = one_digit(row[0], chance)


def spoil_price(rows: Rows, chance: int, price: int) -> None:
    row = rows[chance % len(rows)]
    row[price] = one_digit(row[price], chance)


def spoil_quantity(rows: Rows, chance: int, price: int) -> None:
    row = rows[chance % len(rows)]
    row[price + 1] = one_digit(row[price + 1], chance)


def swap_quantities(rows: Rows, chance: int, price: int) -> None:
    """Swap those of two rows. A row on the wrong side is no corruption here: the checksum names no sides."""
    first, second = rows[0], rows[chance % len(rows)]
    first[price + 1], second[price + 1] = second[price + 1], first[price + 1]


def turn_round(rows: Rows, _chance: int, _price: int) -> None:
    """Turn the rows round: new orders then stand in the wrong places of their queues."""
    rows.reverse()


RESTING = st.builds(
    PlaceOrder,
    symbol=st.just(SYMBOL),
    side=st.sampled_from(Side),
    price_e8=PRICES,
    quantity_e8=QUANTITIES,
    order_id=st.none() | ORDER_IDS,
)
FULL_BOOKS = st.builds(
    lambda then: [FIRST, *then], st.lists(st.one_of(RESTING, RESTING, RESTING, AMENDS, CANCELS), max_size=40)
)
"""Commands that put rows into nearly every message."""


@settings(max_examples=300, deadline=None)
@given(
    commands=FULL_BOOKS,
    depth=DEPTHS,
    form=FORMS,
    spoil=st.sampled_from([drop_row, spoil_first_field, spoil_price, spoil_quantity, swap_quantities, turn_round]),
    chance=st.integers(0, 1_000),
    at=st.integers(0, 100),
)
def test_checksum_catches_every_corruption_of_the_best_rows(
    commands: list[Command], depth: int, form: str, spoil: Spoil, chance: int, at: int
) -> None:
    market, is_by_order = Market(depth, form), form == ORDERS_OF_BOOK
    received: list[Message] = []
    market.feeds.join(Line(received), Subscription(form, SYMBOL, depth), 0)
    for step in steps(commands):
        market.apply(step.command, step.sequence, step.timestamp_ns)
        market.feeds.look()
        market.feeds.flush(0)
    shown = [message for message in received if message["type"] in ("snapshot", "update")]
    with_rows = [(place, side) for place, message in enumerate(shown) for side in ("bids", "asks") if message[side]]
    place, side = with_rows[at % len(with_rows)]
    book = LocalBook(is_by_order=is_by_order)
    for message in shown[:place]:
        book.take(message)
    sequence = shown[place]["sequence"]
    spoil(shown[place][side], chance, 1 if is_by_order else 0)

    try:
        book.take(shown[place])
    except OutOfStep:
        return
    checked = slice(min(depth, 10))
    assert fields_checked(book.best(), checked, form) == fields_checked(market.books[sequence], checked, form)


def fields_checked(books: Books, checked: slice, form: str) -> list[list[Row]]:
    """Return what the checksum is over: of a level not its number of orders."""
    return [[row if form == ORDERS_OF_BOOK else row[:2] for row in side[checked]] for side in books]


class Line:
    """A client that keeps all messages."""

    is_blocked = False

    def __init__(self, received: list[Message]) -> None:
        self._received = received

    def send(self, frames: bytes) -> None:
        self._received += messages_in(frames)

"""A client that applies the feed's updates has, at every sequence, the engine's book; a wrong message is noticed."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.exchange.applied import Applied
from order_engine.feeds.feeds import Feeds
from order_engine.feeds.hand_over import BOOK, ORDERS_OF_BOOK, Subscription
from order_engine.journal.record import Record
from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import Command
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.instrument import Instrument
from order_engine.wire.rendering import levels
from order_engine.wire.units import format_price, format_quantity
from tests.local_book import LocalBook, Message, OutOfStep, Row, messages_in
from tests.property.strategies import STREAMS, steps

SYMBOL = "AAA"
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


def drop_level(message: Message, side: str, chance: int) -> None:
    if message[side]:
        del message[side][chance % len(message[side])]


def spoil_price(message: Message, side: str, chance: int) -> None:
    if message[side]:
        level = message[side][chance % len(message[side])]
        level[0] = one_digit(level[0], chance)


def spoil_quantity(message: Message, side: str, chance: int) -> None:
    if message[side]:
        level = message[side][chance % len(message[side])]
        level[1] = one_digit(level[1], chance)


def swap_quantities(message: Message, side: str, chance: int) -> None:
    """Swap those of two levels. A level on the wrong side is no corruption here: the checksum names no sides."""
    if message[side]:
        first, second = message[side][0], message[side][chance % len(message[side])]
        first[1], second[1] = second[1], first[1]


@settings(max_examples=200, deadline=None)
@given(
    commands=STREAMS,
    depth=DEPTHS,
    spoil=st.sampled_from([drop_level, spoil_price, spoil_quantity, swap_quantities]),
    side=st.sampled_from(["bids", "asks"]),
    chance=st.integers(0, 1_000),
    at=st.integers(0, 60),
)
def test_checksum_catches_every_corruption_of_the_best_levels(
    commands: list[Command], depth: int, spoil: Callable[[Message, str, int], None], side: str, chance: int, at: int
) -> None:
    market = Market(depth)
    received: list[Message] = []
    line = Line(received)
    market.feeds.join(line, Subscription(BOOK, SYMBOL, depth), 0)
    for step in steps(commands):
        market.apply(step.command, step.sequence, step.timestamp_ns)
        market.feeds.look()
        market.feeds.flush(0)
    shown = [message for message in received if message["type"] in ("snapshot", "update")]
    place = at % len(shown)
    book = LocalBook()
    for message in shown[:place]:
        book.take(message)
    sequence = shown[place]["sequence"]
    spoil(shown[place], side, chance)

    try:
        book.take(shown[place])
    except OutOfStep:
        return
    checked = slice(min(depth, 10))
    assert prices_and_quantities(book.best(), checked) == prices_and_quantities(market.books[sequence], checked)


def prices_and_quantities(books: Books, checked: slice) -> list[list[tuple[str, str]]]:
    return [[(price, quantity) for price, quantity, _ in side[checked]] for side in books]


class Line:
    """A client that keeps all messages."""

    is_blocked = False

    def __init__(self, received: list[Message]) -> None:
        self._received = received

    def send(self, frames: bytes) -> None:
        self._received += messages_in(frames)

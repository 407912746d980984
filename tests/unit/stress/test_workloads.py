"""The order flow depends on its seed alone, and every request in it is valid."""

from itertools import islice

from stress.workloads import ActionKind, OrderFlow, decimal_price, resting_and_crossing

SYMBOLS = ("AAPL", "MSFT")
USERS = ("u1", "u2")


def test_same_seed_gives_the_same_actions() -> None:
    flows = [list(islice(OrderFlow(7, SYMBOLS, USERS), 500)) for _ in range(2)]

    assert flows[0] == flows[1]


def test_another_seed_gives_other_actions() -> None:
    flows = [list(islice(OrderFlow(seed, SYMBOLS, USERS), 500)) for seed in (7, 8)]

    assert flows[0] != flows[1]


def test_amend_and_cancel_name_an_order_that_was_placed_and_not_canceled() -> None:
    known: set[str] = set()
    kinds: set[ActionKind] = set()

    for action in islice(OrderFlow(7, SYMBOLS, USERS), 5_000):
        kinds.add(action.kind)
        if action.kind is ActionKind.PLACE:
            assert action.client_order_id not in known
            known.add(action.client_order_id)
        else:
            assert action.client_order_id in known
        if action.kind is ActionKind.CANCEL:
            known.remove(action.client_order_id)

    assert kinds == set(ActionKind)


def test_only_market_orders_have_no_price() -> None:
    placed = [a.body for a in islice(OrderFlow(7, SYMBOLS, USERS), 5_000) if a.kind is ActionKind.PLACE]

    assert all(("price" in body) != (body.get("type") == "MARKET") for body in placed)
    assert {body["symbol"] for body in placed} == set(SYMBOLS)
    assert {body["user_id"] for body in placed} == set(USERS)


def test_price_keeps_its_two_decimals() -> None:
    assert [decimal_price(ticks) for ticks in (15_000, 15_005, 99)] == ["150.00", "150.05", "0.99"]


def test_repeatable_orders_are_plain_limit_orders() -> None:
    bodies = resting_and_crossing(7, "AAPL", 100)

    assert len(bodies) == 100
    assert {tuple(body) for body in bodies} == {("user_id", "symbol", "side", "quantity", "price")}

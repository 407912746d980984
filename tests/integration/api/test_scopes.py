"""Keys with users: each sees and changes what belongs to its own user, and nothing else; admins everything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.operation import Operation
from order_engine.security.stored_keys import Scope
from tests.integration.api.keyed import Keyed, keyed_exchange
from tests.integration.api.orders import buy, problem

IDS = ("buy_order_id", "sell_order_id", "maker_order_id", "taker_order_id")
PUBLIC = {
    "/",
    "/bbo/<symbol>",
    "/docs",
    "/health",
    "/healthz",
    "/instruments",
    "/instruments/<symbol>",
    "/livez",
    "/market",
    "/market/<symbol>",
    "/market/<symbol>/bbo",
    "/market/<symbol>/candles",
    "/market/<symbol>/depth",
    "/openapi.json",
    "/orderbook/<symbol>",
    "/readyz",
    "/trades",
    "/ping",
    "/time",
    "/ws/market-data/<symbol>",
    "/ws/orders",
    "/ws/trades/<symbol>",
}
EXAMPLES = {"<path:user_id>": "someone", "<order_id>": "1", "<path:client_order_id>": "a", "<symbol>": "AAPL"}
Route = tuple[str, str, Operation]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_exchange(tmp_path_factory.mktemp("keyed") / "exchange") as keyed:
        yield keyed


def routes(keyed: Keyed) -> list[Route]:
    app = keyed.served.app
    found = []
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], "operation", None)
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"} if operation else ())
        found += [(method, rule.rule, operation) for method in methods]
    return found


def path_of(rule: str) -> str:
    for parameter, example in EXAMPLES.items():
        rule = rule.replace(parameter, example)
    return rule


def order(**fields: object) -> dict[str, Any]:
    """An order that names no user."""
    return {name: value for name, value in buy(**fields).items() if name != "user_id" or "user_id" in fields}


def placed(client: FlaskClient, **fields: object) -> dict[str, Any]:
    response = client.post("/orders", json=order(**fields))
    assert response.status_code == 201, response.get_json()
    content: dict[str, Any] = response.get_json()
    return content


def trade_of_alice_with_bob(keyed: Keyed, symbol: str) -> tuple[str, str]:
    """Let bob take alice's order; return the ids of both orders."""
    bought = placed(keyed.alice, symbol=symbol)
    sold = placed(keyed.bob, symbol=symbol, side="SELL")
    return bought["order_id"], sold["order_id"]


def test_only_market_data_and_the_service_itself_are_public(keyed: Keyed) -> None:
    public = {path for _, path, operation in routes(keyed) if operation.access is Access.PUBLIC}

    assert {path.removeprefix("/api/v1") for path in public} == PUBLIC - {"/", "/docs"}


def test_every_operation_refuses_whoever_lacks_its_scope(keyed: Keyed) -> None:
    before = keyed.served.exchange.visible_sequence
    tried = 0
    for method, rule, operation in routes(keyed):
        refused = {Access.READ: [], Access.TRADE: [keyed.reader], Access.ADMIN: [keyed.reader, keyed.alice]}
        path = path_of(rule)
        if operation.access is Access.PUBLIC:
            continue
        for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": ""}):
            problem(keyed.stranger.open(path, method=method, json={}, headers=headers), 401, "unauthorized")
        for client in refused[operation.access]:
            problem(client.open(path, method=method, json={}), 403, "forbidden")
        tried += 1
    assert tried >= 50
    assert keyed.served.exchange.visible_sequence == before


def test_wrong_key_is_refused_for_what_needs_none_too(keyed: Keyed) -> None:
    problem(keyed.stranger.get("/instruments", headers={"X-API-Key": "wrong"}), 401, "unauthorized")
    assert keyed.stranger.get("/instruments").status_code == 200


def test_order_without_a_user_is_the_keys(keyed: Keyed) -> None:
    assert placed(keyed.alice, symbol="OWN")["user_id"] == "alice"
    assert placed(keyed.alice, symbol="OWN", user_id="alice")["user_id"] == "alice"
    assert placed(keyed.admin, symbol="OWN")["user_id"] is None
    assert placed(keyed.admin, symbol="OWN", user_id="bob")["user_id"] == "bob"


@pytest.mark.parametrize("name", ["user_id", "client_id"])
def test_order_of_another_user_is_refused(keyed: Keyed, name: str) -> None:
    before = keyed.served.exchange.visible_sequence

    problem(keyed.alice.post("/orders", json={**order(), name: "bob"}), 403, "forbidden")
    problem(keyed.alice.delete("/orders?user_id=bob"), 403, "forbidden")
    problem(keyed.alice.delete("/orders/by-client-id/a?user_id=bob"), 403, "forbidden")
    problem(keyed.alice.patch("/orders/by-client-id/a?user_id=bob", json={"quantity": 1}), 403, "forbidden")
    assert keyed.served.exchange.visible_sequence == before


def test_batch_takes_own_entries_and_refuses_those_of_others(keyed: Keyed) -> None:
    entries = [order(), order(user_id="bob"), order(user_id="alice"), {}]

    results = keyed.alice.post("/orders/batch", json={"orders": entries}).get_json()["results"]

    assert [result["status"] for result in results] == [201, 403, 201, 400]
    assert {result["order"]["user_id"] for result in results if "order" in result} == {"alice"}
    refused = keyed.alice.post("/orders/batch", json={"orders": [order(user_id="bob")]}).get_json()["results"]
    assert [result["problem"]["code"] for result in refused] == ["forbidden"]


def test_order_of_another_is_neither_shown_nor_changed_live_or_not(keyed: Keyed) -> None:
    live, ended = (placed(keyed.bob, symbol="HIS", client_order_id=name)["order_id"] for name in ("live", "ended"))
    keyed.bob.delete(f"/orders/{ended}")
    before = keyed.served.exchange.visible_sequence
    keyed.alice.last_sequence = str(before)  # type: ignore[attr-defined]  # of ReadingItsWrites

    for order_id in (live, ended, "999999"):
        for path in (f"/orders/{order_id}", f"/orders/{order_id}/events", f"/orders/{order_id}/trades"):
            problem(keyed.alice.get(path), 404, "unknown_order")
            problem(keyed.reader.get(path), 404, "unknown_order")
        problem(keyed.alice.delete(f"/orders/{order_id}"), 404, "unknown_order")
        problem(keyed.alice.put(f"/orders/{order_id}", json={"quantity": "1"}), 404, "unknown_order")
        problem(keyed.alice.patch(f"/orders/{order_id}", json={"quantity": "1"}), 404, "unknown_order")
        problem(keyed.alice.post("/orders/cancel", json={"order_id": order_id}), 404, "unknown_order")
    for name in ("live", "ended"):
        problem(keyed.alice.get(f"/orders/by-client-id/{name}"), 404, "unknown_order")
        problem(keyed.alice.get(f"/orders/by-client-id/{name}?user_id=bob"), 404, "not_found")
        problem(keyed.alice.delete(f"/orders/by-client-id/{name}"), 404, "unknown_order")
    # Only the commands by client order id were journaled: they name alice.
    assert keyed.served.exchange.visible_sequence == before + 2
    assert keyed.bob.get(f"/orders/{live}").get_json()["status"] == "OPEN"


def test_own_order_is_shown_changed_and_told_apart_from_one_that_ended(keyed: Keyed) -> None:
    order_id = placed(keyed.alice, symbol="MINE", client_order_id="mine")["order_id"]

    assert keyed.alice.patch(f"/orders/{order_id}", json={"quantity": "4"}).get_json()["quantity"] == "4"
    assert keyed.alice.get("/orders/by-client-id/mine").get_json()["order_id"] == order_id
    assert keyed.reader.get(f"/orders/{order_id}").status_code == 200
    assert keyed.alice.delete("/orders/by-client-id/mine").status_code == 200
    problem(keyed.alice.delete(f"/orders/{order_id}"), 409, "order_final")
    problem(keyed.alice.delete(f"/orders/{order_id}?symbol=OTHER"), 404, "unknown_order")
    assert keyed.admin.get(f"/orders/{order_id}/events").get_json()["events"][-1]["event"] == "canceled"


def test_repeated_cancel_gets_the_first_answer_though_the_order_has_ended(keyed: Keyed) -> None:
    order_id = placed(keyed.alice, symbol="MINE")["order_id"]
    headers = {"Idempotency-Key": f"cancel-{order_id}"}

    answers = [keyed.alice.delete(f"/orders/{order_id}", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert answers[0].data == answers[1].data


def test_idempotency_keys_of_users_are_apart_and_of_a_users_keys_are_not(keyed: Keyed) -> None:
    headers = {"Idempotency-Key": "the same"}
    second = keyed.client_of(keyed.register.create("alice", [Scope.TRADE], signs=False).key)
    keyed.served.venue.admission.step()

    first = keyed.alice.post("/orders", json=order(), headers=headers)
    again = second.post("/orders", json=order(user_id="alice"), headers=headers)
    other = keyed.bob.post("/orders", json=order(), headers=headers)

    assert again.get_json()["order_id"] == first.get_json()["order_id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.get_json()["user_id"] == "bob"


def test_lists_show_own_orders_only(keyed: Keyed) -> None:
    placed(keyed.alice, symbol="LIST")
    placed(keyed.bob, symbol="LIST")
    see_all(keyed)

    for client in (keyed.alice, keyed.reader):
        users = [shown["user_id"] for shown in client.get("/orders?symbol=LIST").get_json()["orders"]]
        assert users == ["alice"]
        assert client.get("/orders/user/alice").status_code == 200
        problem(client.get("/orders?user_id=bob"), 404, "not_found")
        problem(client.get("/orders/user/bob"), 404, "not_found")
    assert len(keyed.admin.get("/orders?symbol=LIST").get_json()["orders"]) == 2
    assert len(keyed.admin.get("/orders?symbol=LIST&user_id=bob").get_json()["orders"]) == 1


def test_positions_and_limits_are_their_users(keyed: Keyed) -> None:
    for path in ("/positions", "/risk-limits"):
        assert keyed.alice.get(f"{path}/alice").status_code == 200
        assert keyed.reader.get(f"{path}/alice").status_code == 200
        assert keyed.admin.get(f"{path}/alice").status_code == 200
        for other in ("bob", "*", "nobody"):
            problem(keyed.alice.get(f"{path}/{other}"), 404, "not_found")


def test_caller_is_told_whose_key_it_is(keyed: Keyed) -> None:
    told = [client.get("/whoami").get_json() for client in (keyed.alice, keyed.reader, keyed.admin)]

    assert told == [
        {"key": "alice-1", "user_id": "alice", "scope": "trade"},
        {"key": "alice-2", "user_id": "alice", "scope": "read"},
        {"key": "admin-1", "user_id": None, "scope": "admin"},
    ]
    problem(keyed.stranger.get("/whoami"), 401, "unauthorized")


def test_mass_cancel_means_the_keys_user_and_an_admin_must_name_one(keyed: Keyed) -> None:
    mine = placed(keyed.alice, symbol="MASS")["order_id"]
    his = placed(keyed.bob, symbol="MASS")["order_id"]

    assert keyed.alice.delete("/orders?symbol=MASS").get_json() == {"canceled": [mine]}
    problem(keyed.admin.delete("/orders?symbol=MASS"), 400, "invalid_fields")
    assert keyed.admin.delete("/orders?symbol=MASS&user_id=bob").get_json() == {"canceled": [his]}


def test_trades_show_the_ids_of_own_orders_only(keyed: Keyed) -> None:
    bought, sold = trade_of_alice_with_bob(keyed, "TAPE")
    see_all(keyed)
    expected = {
        keyed.alice: (bought, None, bought, None),
        keyed.reader: (bought, None, bought, None),
        keyed.bob: (None, sold, None, sold),
        keyed.admin: (bought, sold, bought, sold),
        keyed.stranger: (None, None, None, None),
    }

    for client, ids in expected.items():
        (trade,) = client.get("/trades?symbol=TAPE").get_json()["trades"]
        assert tuple(trade[name] for name in IDS) == ids
        assert (trade["price"], trade["taker_side"]) == ("150.50", "SELL")


def test_order_with_its_trades_does_not_name_the_other_order(keyed: Keyed) -> None:
    bought = placed(keyed.alice, symbol="PAIR")["order_id"]
    answer = placed(keyed.bob, symbol="PAIR", side="SELL")
    sold = answer["order_id"]
    see_all(keyed)

    shown = keyed.bob.get(f"/orders/{sold}").get_json()
    listed = keyed.bob.get(f"/orders/{sold}/trades").get_json()
    events = keyed.bob.get(f"/orders/{sold}/events").get_json()["events"]

    trades = [*answer["trades"], *shown["trades"], *listed["trades"], *events[1:2]]
    assert len(trades) == 4
    for trade in trades:
        assert tuple(trade[name] for name in IDS) == (None, sold, None, sold)
    assert keyed.admin.get(f"/orders/{sold}").get_json()["trades"][0]["buy_order_id"] == bought


def test_trades_of_an_order_or_a_user_are_listed_to_their_owner(keyed: Keyed) -> None:
    bought, sold = trade_of_alice_with_bob(keyed, "ASK")
    see_all(keyed)

    assert len(keyed.alice.get(f"/trades?order_id={bought}").get_json()["trades"]) == 1
    assert keyed.alice.get(f"/trades?order_id={sold}").get_json()["trades"] == []
    assert len(keyed.admin.get(f"/trades?order_id={sold}").get_json()["trades"]) == 1
    assert len(keyed.alice.get("/trades?symbol=ASK&user_id=alice").get_json()["trades"]) == 1
    problem(keyed.alice.get("/trades?user_id=bob"), 404, "not_found")
    problem(keyed.stranger.get("/trades?user_id=bob"), 401, "unauthorized")
    problem(keyed.stranger.get(f"/trades?order_id={sold}"), 401, "unauthorized")


def test_book_order_by_order_is_for_admins(keyed: Keyed) -> None:
    placed(keyed.alice, symbol="DEEP")
    handshake = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    path = "/ws/market-data/DEEP?orders=10"

    problem(keyed.stranger.get(path, headers=handshake), 401, "unauthorized")
    problem(keyed.alice.get(path, headers=handshake), 403, "forbidden")
    # The test's server has no WebSockets, so who may have one learns that.
    problem(keyed.admin.get(path, headers=handshake), 503, "feeds_unavailable")


def test_key_that_is_made_revoked_or_rotated_is_noticed(tmp_path: Path) -> None:
    with keyed_exchange(tmp_path) as keyed:
        look = keyed.served.venue.admission.step
        made = keyed.register.create("cy", [Scope.TRADE], signs=False)
        look()
        client = keyed.client_of(made.key)
        assert client.get("/orders").status_code == 200

        rotated = keyed.register.rotate(made.stored.id)
        look()
        problem(client.get("/orders"), 401, "unauthorized")
        client = keyed.client_of(rotated.key)
        assert client.get("/positions/cy").status_code == 200

        keyed.register.revoke(made.stored.id)
        look()
        problem(client.get("/orders"), 401, "unauthorized")
        assert keyed.alice.get("/orders").status_code == 200


def see_all(keyed: Keyed) -> None:
    """Let every client see what all of them have written."""
    for client in keyed[2:]:
        client.last_sequence = str(keyed.served.exchange.visible_sequence)  # type: ignore[union-attr]

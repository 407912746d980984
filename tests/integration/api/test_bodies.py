"""What bodies become in memory is bounded: their values are counted first, and one is decoded at a time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from flask.testing import FlaskClient

from order_engine.api.plumbing.forms import ENTRIES_HINTED_MAX, ENTRY_FIELDS_NAMED_MAX
from order_engine.wire import exact_json, form
from tests.integration.api.orders import answered, buy, problem
from tests.integration.api.served_exchange import Served

TOGETHER_SECONDS = 0.2


def test_bodies_are_decoded_one_at_a_time_under_any_server(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    both, met = Barrier(2), []
    decode = exact_json.decode

    def decode_together(payload: bytes) -> exact_json.Json:
        with suppress(BrokenBarrierError):
            met.append(both.wait(TOGETHER_SECONDS))
        return decode(payload)

    monkeypatch.setattr(exact_json, "decode", decode_together)
    with ThreadPoolExecutor(2) as pool:
        statuses = pool.map(lambda _: served.app.test_client().post("/orders", json=buy()).status_code, range(2))

    assert list(statuses) == [201, 201]
    assert met == [], "two bodies were being decoded"


@pytest.mark.parametrize("entry", ["[" * 30 + "]" * 30, '{"a":' * 29 + "1" + "}" * 29], ids=["lists", "objects"])
def test_values_that_are_nested_are_counted_too(client: FlaskClient, entry: str) -> None:
    """8 MiB of them took the loop 1.4 s and 280 MiB: only commas were counted."""
    body = f'{{"orders": [{",".join([entry] * 2_000)}]}}'

    response = client.post("/orders/batch", data=body, content_type="application/json")

    assert problem(response, 400, "malformed_request")["detail"] == "There may be 50000 values in it."


def test_nearest_names_are_looked_for_in_a_few_entries_of_a_batch(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For 3,000 unknown names it took the loop 0.3 s."""
    searched: list[str] = []

    def search(name: str, known: object) -> str:
        del known
        searched.append(name)
        return "Unknown field; did you mean price?"

    monkeypatch.setattr(form, "unknown_name", search)
    entries = [buy(), *(buy(**{f"prise{number}": 1}) for number in range(900))]

    results = answered(client.post("/orders/batch", json={"orders": entries}))["results"]

    assert [result["status"] for result in results] == [201, *[400] * 900]
    assert searched == [f"prise{number}" for number in range(ENTRIES_HINTED_MAX)]
    assert results[-1]["problem"]["errors"] == {"prise899": ["Unknown field."]}


def test_ten_wrong_fields_of_an_entry_are_named(client: FlaskClient) -> None:
    """1,000 entries with 45 wrong fields each took the loop 0.37 s, and the response 3 MB."""
    entries = [{f"field{number}": 1 for number in range(45)}] * 1_000

    response = client.post("/orders/batch", json={"orders": entries})

    assert {len(result["problem"]["errors"]) for result in answered(response)["results"]} == {ENTRY_FIELDS_NAMED_MAX}

"""``/openapi.json`` describes the API truly: Schemathesis sends valid and invalid requests to every operation."""

import re
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CheckFunction, negative_data_rejection, positive_data_acceptance
from schemathesis.schemas import BaseSchema

from order_engine.api.plumbing import openapi
from order_engine.api.plumbing.database_reads import MIN_SEQUENCE_HEADER
from order_engine.api.resources import documents
from tests.integration.api.orders import answered, buy, sell
from tests.integration.api.served_exchange import Served, served_exchange
from tests.scale import scaled

EXAMPLES_PER_OPERATION = scaled("OPENAPI_EXAMPLES", 5)
ORDER_BODIES = ("PlaceOrder", "AmendOrder", "CancelOrder", "PlaceBatch")
ADMIN_BODIES = ("ListInstrument", "ChangeInstrument", "SetState", "SetRiskLimits")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An exchange with orders and trades."""
    with served_exchange(tmp_path_factory.mktemp("described")) as served:
        client = served.client
        for order in (buy(), sell(quantity="40"), sell(price="151", client_order_id="mine")):
            client.post("/orders", json=order)
        client.post("/instruments/CALL/state", json={"state": "PRE_OPEN"})
        for order in (buy(symbol="CALL"), sell(symbol="CALL", price="150")):
            client.post("/orders", json=order)
        yield served


@pytest.fixture(scope="module")
def described(busy: Served) -> BaseSchema:
    """The schema of the API."""
    return schemathesis.openapi.from_wsgi("/openapi.json", busy.app)


@pytest.mark.parametrize("mode", GenerationMode)
def test_operation_answers_as_it_says(described: BaseSchema, mode: GenerationMode, subtests: pytest.Subtests) -> None:
    for result in described.get_all_operations():
        operation = result.ok()
        with subtests.test(operation.label):
            _ask(operation, mode)


def _ask(operation: APIOperation, mode: GenerationMode) -> None:
    # A request may fit the schema and still be wrong: some fields exclude others, amounts have at most 8 decimals.
    excluded: list[CheckFunction] = [positive_data_acceptance]
    if operation.path == "/orders/batch":
        excluded.append(negative_data_rejection)  # A batch's entries are refused one by one.

    @settings(
        max_examples=EXAMPLES_PER_OPERATION,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def ask(case: Case) -> None:
        # A sequence that was not given out yet is rightly refused.
        case.headers.pop(MIN_SEQUENCE_HEADER, None)
        # Our server drops such names; Werkzeug's client would replace the header of the same name with a hyphen.
        for name in [name for name in case.headers if "_" in name]:
            del case.headers[name]
        case.call_and_validate(excluded_checks=excluded)

    ask()


def test_description_lists_what_is_served_once(busy: Served) -> None:
    description = answered(busy.client.get("/openapi.json"))

    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in busy.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(("/api/v1", "/static")) and rule.rule not in ("/", "/docs")
    }
    said = {(path, method) for path, methods in description["paths"].items() for method in methods}
    assert said == served
    names = [operation["operationId"] for methods in description["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    verbs = "accept|amend|cancel|change|delist|disable|enable|follow|get|list|open|place|set|settle|take"
    assert [name for name in names if not re.fullmatch(rf"({verbs})_[a-z_]+|ping|whoami", name)] == []


def test_every_reference_leads_to_a_schema(busy: Served) -> None:
    description = answered(busy.client.get("/openapi.json"))
    names = re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(description))

    assert set(names) <= set(description["components"]["schemas"])
    assert {"Order", "PlaceOrder"} <= set(names) | set(description["components"]["schemas"])


def test_description_says_openapi_3_1_with_sound_schemas(busy: Served) -> None:
    description = answered(busy.client.get("/openapi.json"))

    assert description["openapi"].startswith("3.1")
    for schema_of_object in description["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema_of_object)


def test_unknown_fields_are_forbidden_by_the_description_too(busy: Served) -> None:
    schemas = answered(busy.client.get("/openapi.json"))["components"]["schemas"]

    for name in (*ORDER_BODIES, *ADMIN_BODIES):
        assert schemas[name]["additionalProperties"] is False


def test_documents_are_made_once(busy: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request for /docs took the loop 50 ms."""
    first = [busy.client.get(path).data for path in ("/docs", "/openapi.json")]
    monkeypatch.delattr(documents, "render_template")
    monkeypatch.delattr(openapi, "describe")

    assert [busy.client.get(path).data for path in ("/docs", "/openapi.json")] == first

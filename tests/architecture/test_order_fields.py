"""The fields of an order are written down in few places: one Struct a message, the tables, the parsers of requests.

The core has its own: a command, a state, a row of a snapshot. They are not counted here.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("api", "database", "followers", "queries", "streams", "wire")

# A place that names all of these lists the fields of an order.
MARKS = frozenset({"display_quantity", "stop_price", "trail_amount"})
PLACES = {
    "wire/messages/orders.py: Order",
    "wire/messages/orders.py: OrderEvent",
    "wire/messages/stream_lines.py: OrderLine",
    "wire/form.py: PLACE_FIELDS",
    "wire/order_terms.py: SPECIAL_TERMS",
    "api/plumbing/request_schemas.py: JSON_SCHEMAS",
    "api/plumbing/stored_rendering.py: StoredRenderer.event",
    "database/tables.py: OrderRow",
    "database/tables.py: OrderEventRow",
    "queries/results.py: StoredOrderEvent",
}


def test_fields_of_an_order_are_listed_only_in_the_known_places() -> None:
    package = PROJECT / "order_engine"
    files = [path for room in ROOMS for path in (package / room).rglob("*.py")]

    found = {f"{path.relative_to(package)}: {name}" for path in files for name in _listing(path.read_text("utf-8"))}

    assert found == PLACES


def _listing(source: str) -> Iterator[str]:
    """Find the functions, class bodies and tables of a module that name all ``MARKS``."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            functions = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            fields = ast.Module([part for part in node.body if part not in functions], [])
            parts: dict[str, ast.AST] = {node.name: fields} | {f"{node.name}.{one.name}": one for one in functions}
        elif isinstance(node, ast.FunctionDef):
            parts = {node.name: node}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            parts = {ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target): node}
        else:
            continue
        yield from (name for name, part in parts.items() if _names_in(part) >= MARKS)


def _names_in(node: ast.AST) -> set[str]:
    names: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.Constant(str(name)):
                names.add(name.removeprefix("placed_").removesuffix("_e8"))
    return names

"""A server starts without the libraries that only migrations and the OpenAPI document need: imports take time."""

import subprocess
import sys

LATER = ("alembic", "apispec", "marshmallow")
FOUND = f"import sys, order_engine.server.server; print(*(name for name in {LATER} if name in sys.modules))"


def test_server_does_not_import_what_only_migrations_and_documents_need() -> None:
    finished = subprocess.run([sys.executable, "-c", FOUND], capture_output=True, text=True, timeout=60, check=True)

    assert finished.stdout.split() == []

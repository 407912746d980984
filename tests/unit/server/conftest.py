"""The loops that a server may run on."""

import sys

import pytest


@pytest.fixture(params=["the fastest loop", "asyncio's own"])
def loop_of_choice(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "asyncio's own":
        # A module that is None there cannot be imported, as on a system without uvloop.
        monkeypatch.setitem(sys.modules, "uvloop", None)

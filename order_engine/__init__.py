"""An order matching engine: a limit order book that is exact, durable and replayable.

As a library: ``from order_engine import Market``; see ``docs/library.md``. The clients of a server are in
``order_engine.client``, a server for tests is in ``order_engine.testing``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from order_engine.library.market import Market, Refused
    from order_engine.library.results import Depth, Level, Order, Trade
    from order_engine.wire.form import FormError

__version__ = "0.1.0"
__all__ = ["Depth", "FormError", "Level", "Market", "Order", "Refused", "Trade", "__version__"]

_ROOMS = {
    "Depth": "library.results",
    "FormError": "wire.form",
    "Level": "library.results",
    "Market": "library.market",
    "Order": "library.results",
    "Refused": "library.market",
    "Trade": "library.results",
}


def __getattr__(name: str) -> object:
    # Only when asked for: the server's processes and the clients import the package and need nothing of the library.
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{room}"), name)

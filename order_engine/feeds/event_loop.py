"""The event loop of a process that serves connections."""

import asyncio


def new_loop() -> asyncio.AbstractEventLoop:
    """Return the fastest loop that there is."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()

"""The followers' own process, which ends with the exchange."""

import os
import select
import socket
from threading import Thread

from order_engine.followers.control import Control
from order_engine.followers.follower import Follower
from order_engine.followers.runner import FollowerRunner


def follow(follower: Follower, control_descriptor: int) -> None:
    """Run as the exchange's child. ``control_descriptor`` is this side's end of the control socket.

    Once the exchange is gone the process ends, even while a step hangs.
    """
    watch_exchange(control_descriptor)
    control = Control(socket.socket(fileno=control_descriptor))
    FollowerRunner(follower, control).run()


def watch_exchange(descriptor: int) -> None:
    """End this process, whatever it does, once the exchange has closed its end of a socket."""
    Thread(target=_end_with_exchange, args=(descriptor,), name="exchange-watch", daemon=True).start()


def _end_with_exchange(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLRDHUP)
    poll.poll()
    os._exit(0)

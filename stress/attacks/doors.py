"""What a client may do that only the operator should: use up the symbols, disable users, end the server."""

import os
import signal
from contextlib import suppress

from stress.attacks.attack import BATCH_LENGTH, Attack, Outcome, Target, order

HONEST_USERS = ("honest-maker", "honest-taker")
BATCHES_OF_SYMBOLS = 10
SIGNALS = (signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2)


def _use_up_symbols(target: Target) -> None:
    for batch in range(target.sized(BATCHES_OF_SYMBOLS)):
        target.batch([order(f"X{batch}-{number}", "BUY", 1, 1, time_in_force="IOC") for number in range(BATCH_LENGTH)])


def _list_as_admin(target: Target) -> Outcome:
    return target.status("POST", "/instruments", {"symbol": "ADMINS"})


def _web_page(target: Target) -> Outcome:
    """Disable the honest users as a page of another site can, and by a name that was pointed at this address."""
    outcome = Outcome()
    page = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    for user in HONEST_USERS:
        outcome += target.status("POST", f"/users/{user}/disable", headers=page)
        outcome += target.status("POST", f"/users/{user}/disable", headers={"Host": "evil.example"})
        outcome += target.status("POST", f"/users/{user}/disable")
    return outcome


def _signals(target: Target) -> Outcome:
    """Send the signals by which gunicorn starts and ends workers to the server and its worker."""
    master, *rest = target.processes()
    for process in (master, *rest[:1]):
        for number in SIGNALS:
            with suppress(ProcessLookupError):
                os.kill(process, number)
    return target.status("GET", "/livez")


ATTACKS = (
    Attack("10,000 symbols from ten batches; then an admin lists one", _list_as_admin, _use_up_symbols),
    Attack("a web page that disables the honest users", _web_page),
    Attack("SIGTTIN, SIGTTOU, SIGUSR1 and SIGUSR2", _signals, every_seconds=5),
)

"""A stress run: starts a server, loads it for 30 s with locust, and checks what the load left.

usage: python -m stress.headless [--seconds S] [--clients N] [--seed N]

Exits 1 if a request failed in a way that the rulebook does not allow, if the exchange is not healthy afterwards, or if
its orders and trades do not add up. The seed is printed, so that a failed run can be repeated.
"""

import argparse
import os
import subprocess
import sys

from stress.conservation import ApiReader, check_symbol
from stress.server import PROJECT, exchange_server
from stress.workloads import SYMBOLS

STRESS_KEY = "key-of-the-stress-run"


def main() -> None:
    """Run the load and the check."""
    arguments = _arguments()
    print(f"seed {arguments.seed}, {arguments.clients} clients, {arguments.seconds} s", flush=True)
    with exchange_server(environment={"API_KEY": STRESS_KEY}) as server:
        failed = _load(server.url, arguments) != 0
        broken = _check(ApiReader(server.port, {"X-API-Key": STRESS_KEY}))
    if failed or broken:
        sys.exit(f"stress run with seed {arguments.seed}: {broken} broken rules, load {'failed' if failed else 'done'}")


def _load(url: str, arguments: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "locust", "--locustfile", "stress/locustfile.py", "--headless", "--only-summary"]
    command += ["--users", str(arguments.clients), "--spawn-rate", str(arguments.clients)]
    command += ["--run-time", f"{arguments.seconds}s", "--stop-timeout", "10", "--host", url]
    environment = os.environ | {"STRESS_SEED": str(arguments.seed), "API_KEY": STRESS_KEY}
    return subprocess.call(command, cwd=PROJECT, env=environment)


def _check(reader: ApiReader) -> int:
    print("health:", reader.get("/health"))
    broken = 0
    for symbol in SYMBOLS:
        checked = check_symbol(reader, symbol)
        broken += len(checked.broken)
        print(
            f"{symbol}: {checked.orders} orders, {checked.trades} trades of {checked.quantity_traded} together, "
            f"{len(checked.broken)} broken rules"
        )
        for rule in checked.broken[:20]:
            print(f"  {rule}")
    return broken


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="headless", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()

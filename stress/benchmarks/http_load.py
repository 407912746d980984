"""Load of many clients on persistent connections: with wrk if it is installed, else with threads.

The two differ in speed: compare figures only within one run, which uses one of them throughout.
"""

import http.client
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stress.workloads import Body

HEADERS = {"Content-Type": "application/json"}
PERMILLES = (500, 950, 990, 999)
LATENCIES = "latencies in us:"


class LoadFailed(Exception):
    """Some responses were not 2xx, or none came, so the figure would mean nothing."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The figures of one round."""

    requests_per_second: float
    median_ms: float
    percentile_95_ms: float
    percentile_99_ms: float
    percentile_99_9_ms: float


@dataclass(frozen=True, slots=True)
class Load:
    """Sends requests from ``connections`` clients for ``seconds``, on ``processor`` alone if one is named.

    POST with ``bodies`` in turn, or GET if there are none.
    """

    bodies: Sequence[Body]
    connections: int
    seconds: int
    processor: int | None = None

    @property
    def tool(self) -> str:
        """The load generator that this machine has."""
        return "wrk" if shutil.which("wrk") else "threads"

    def put_on(self, port: int, path: str) -> Rate:
        """Load one server for one round."""
        return self._with_wrk(port, path) if self.tool == "wrk" else self._with_threads(port, path)

    def _with_wrk(self, port: int, path: str) -> Rate:
        with tempfile.TemporaryDirectory(prefix="wrk-") as directory:
            script = Path(directory, "load.lua")
            script.write_text(_lua(self.bodies), encoding="utf-8")
            command = ["wrk", "-t1", f"-c{self.connections}", f"-d{self.seconds}s", "--timeout", "30s"]
            command += ["-s", str(script), f"http://127.0.0.1:{port}{path}"]
            output = subprocess.run(self._kept_to_processor(command), capture_output=True, text=True, check=True).stdout
        return _read_wrk(output)

    def _kept_to_processor(self, command: list[str]) -> list[str]:
        if self.processor is None or not shutil.which("taskset"):
            return command
        return ["taskset", "-c", str(self.processor), *command]

    def _with_threads(self, port: int, path: str) -> Rate:
        """Send requests from a process of its own, so that it can be pinned and shares no interpreter."""
        command = [sys.executable, "-m", "stress.benchmarks.http_load", str(port), path]
        asked = {"bodies": self.bodies, "connections": self.connections, "seconds": self.seconds}
        finished = subprocess.run(
            self._kept_to_processor(command), input=json.dumps(asked), capture_output=True, text=True, check=False
        )
        if finished.returncode:
            raise LoadFailed(finished.stderr.strip())
        return Rate(**json.loads(finished.stdout))


def _lua(bodies: Sequence[Body]) -> str:
    percentiles = ", ".join(f"latency:percentile({permille / 10})" for permille in PERMILLES)
    form = " ".join(["%d"] * len(PERMILLES))
    done = f'done = function(_, latency) io.write(string.format("{LATENCIES} {form}\\n", {percentiles})) end\n'
    if not bodies:
        return done
    rows = ",\n".join(f"[==[{json.dumps(body)}]==]" for body in bodies)
    return (
        f"local bodies = {{\n{rows}\n}}\nlocal n = 0\n"
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f"request = function() n = n % #bodies + 1; return wrk.format(nil, nil, nil, bodies[n]) end\n{done}"
    )


def _read_wrk(output: str) -> Rate:
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    latencies = re.search(rf"{LATENCIES} ([\d ]+)", output)
    if rate is None or latencies is None or "Non-2xx" in output or "Socket errors" in output:
        raise LoadFailed(output)
    return Rate(float(rate[1]), *(int(microseconds) / 1000 for microseconds in latencies[1].split()))


@dataclass(frozen=True, slots=True)
class _Client:
    """One connection that sends requests until the deadline and keeps the time of each response."""

    port: int
    path: str
    bodies: list[bytes]
    deadline: float
    latencies: list[float]
    refusals: list[str]

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        method, headers = ("POST", HEADERS) if self.bodies else ("GET", {})
        for body in itertools.cycle(self.bodies or [None]):
            started = time.perf_counter()
            if started >= self.deadline or self.refusals:
                break
            connection.request(method, self.path, body, headers)
            response = connection.getresponse()
            text = response.read()
            if response.status // 100 != 2:
                self.refusals.append(f"{response.status} {text[:200]!r}")
            self.latencies.append(time.perf_counter() - started)
        connection.close()


def ask_from_threads(port: int, path: str, bodies: Sequence[Body], connections: int, seconds: int) -> Rate:
    """Send requests, one thread a connection; raise LoadFailed if a response is not 2xx."""
    encoded = [json.dumps(body).encode() for body in bodies]
    latencies: list[float] = []
    refusals: list[str] = []
    started = time.perf_counter()
    clients = [
        _Client(port, path, encoded[first:] + encoded[:first], started + seconds, latencies, refusals)
        for first in (number * len(encoded) // connections for number in range(connections))
    ]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - started
    if refusals or not latencies:
        raise LoadFailed("; ".join(refusals[:3]) or "no answer came")
    latencies.sort()
    return Rate(len(latencies) / taken, *(latencies[len(latencies) * part // 1000] * 1000 for part in PERMILLES))


def _ask_as_told() -> None:
    port, path = sys.argv[1:3]
    asked = json.load(sys.stdin)
    rate = ask_from_threads(int(port), path, asked["bodies"], asked["connections"], asked["seconds"])
    json.dump({name: getattr(rate, name) for name in Rate.__slots__}, sys.stdout)


def processors() -> list[int]:
    """Return the processors that this process may run on."""
    return sorted(os.sched_getaffinity(0))


def parted_processors(allowed: Sequence[int]) -> tuple[int, int] | tuple[None, None]:
    """Return the exchange's processor and the load's, and keep this process to the latter; None if there is only one.

    What starts servers and asks them for something must not disturb the exchange.
    """
    if len(allowed) < 2:
        return None, None
    os.sched_setaffinity(0, {allowed[1]})
    return allowed[0], allowed[1]


if __name__ == "__main__":
    _ask_as_told()

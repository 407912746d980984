"""Two million messages of the public matching-engine benchmark lead to exactly the reports that it publishes."""

import hashlib
import os
from pathlib import Path

import pytest

from stress.benchmarks.flow_file import FlowTranslator, read_messages

BESIDE_THE_PROJECT = Path(__file__).resolve().parents[3] / "shared" / "data"
NAMES = ("flow-normal.bin", "flow-normal.bin.xz")
REPORT_LINES = 2_204_643
REPORT_SHA256 = "e9b2e3926854410b01a035aeb25dd05f1e597c233be8263de9eb49b6713d367e"


def flow_file() -> Path:
    directory = Path(os.environ.get("CONFORMANCE_DATA") or BESIDE_THE_PROJECT)
    found = [directory / name for name in NAMES if (directory / name).exists()]
    if not found:
        pytest.skip(f"neither {' nor '.join(NAMES)} is in {directory}; CONFORMANCE_DATA may name another directory")
    return found[0]


@pytest.mark.slow
def test_public_flow_gives_the_published_reports() -> None:
    messages = read_messages(flow_file())
    translator = FlowTranslator()

    report = "\n".join(line for message in messages for line in translator.report(message))

    assert report.count("\n") + 1 == REPORT_LINES
    assert hashlib.sha256(report.encode()).hexdigest() == REPORT_SHA256

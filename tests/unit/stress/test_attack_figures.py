"""The table says what each attack cost, and names what did not survive it."""

import json
from pathlib import Path

import pytest

from stress import attack_figures

CONDITIONS = {"command": "siege", "commit": "new", "machine": "m", "python": "p"}
NOW = {
    "outcome": {"422": 200, "201": 1},
    "seconds": 5.0,
    "is_over": True,
    "honest": {"orders": 9, "percentile_99_ms": 12.3, "worst_ms": 40.0},
    "refused": 0,
    "memory_peak_mib": 180,
    "kills": 0,
    "died": False,
    "restart_seconds": 1.25,
    "restart_seconds_max": 20,
    "restart_memory_peak_mib": 150,
    "restart_kills": 0,
}
THEN = {
    **NOW,
    "outcome": {},
    "seconds": 45.0,
    "is_over": False,
    "honest": {"orders": 9, "percentile_99_ms": 44_000.0, "worst_ms": 45_000.0},
    "refused": 3,
    "kills": 2,
    "died": True,
    "restart_seconds": None,
    "restart_kills": 1,
}


def test_attack_has_a_row_for_then_and_one_for_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "attacks.json"
    attacks = [{"attack": "icebergs", "then": THEN, "now": NOW}]
    path.write_text(json.dumps({"conditions": CONDITIONS, "against": "old", "attacks": attacks}))
    monkeypatch.setattr(attack_figures, "RESULT", path)

    rows = attack_figures.table().splitlines()

    assert rows[2:4] == [
        "| icebergs | then | none; **no end after 45 s** | **killed for memory**; "
        "99 % within 44.0 s, all within 45.0 s; 3 refused | 180 MiB | **killed for memory**, 150 MiB |",
        "|  | now | 1 x 201, 200 x 422 | 99 % within 12 ms, all within 40 ms | 180 MiB | after 1.2 s, 150 MiB |",
    ]
    assert rows[5] == "Then: old; now: new. `siege`"


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({}, "99 % within 12 ms, all within 40 ms | 180 MiB | after 1.2 s, 150 MiB |"),
        ({"died": True}, "**a process died**; 99 % within 12 ms, all within 40 ms | 180 MiB | after 1.2 s, 150 MiB |"),
        ({"honest": {"orders": 0}}, "none was due | 180 MiB | after 1.2 s, 150 MiB |"),
        ({"restart_seconds": None}, "99 % within 12 ms, all within 40 ms | 180 MiB | **not within 20 s**, 150 MiB |"),
    ],
    ids=str,
)
def test_what_did_not_survive_is_named(found: dict[str, object], told: str) -> None:
    row = list(attack_figures.rows_of({"attack": "icebergs", "then": THEN, "now": {**NOW, **found}}))[1]

    assert row == f"|  | now | 1 x 201, 200 x 422 | {told}"

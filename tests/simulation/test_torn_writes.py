"""Writes cut at every byte: the journal ends before or after the last frame."""

from collections import Counter

from tests.fakes.memory_database import MemoryDatabase
from tests.simulation.crashes import Crashes
from tests.simulation.scenario import Moment, Scenario

RECORDS_BEFORE_MIN = 3


def test_kill_at_every_byte_of_a_write_leaves_the_frame_whole_or_absent(
    seed: int, database: MemoryDatabase, figures: Counter[str]
) -> None:
    writes: list[Moment] = []
    Scenario(3_000 + seed, database, lambda moment: writes.append(moment) if moment.write else None).run()
    crashes = Crashes(3_000 + seed, database, figures)
    moment = sorted(filter(_is_trade, writes), key=_frame_length)[1]

    for taken_bytes in range(_frame_length(moment) + 1):
        crashes.kill_in_write(moment, taken_bytes)

    crashes.report()
    assert crashes.figures["torn tails cut off"] == _frame_length(moment) - 1


def _is_trade(moment: Moment) -> bool:
    assert moment.write is not None
    return moment.write[0].suffix == ".journal" and len(moment.answered) >= RECORDS_BEFORE_MIN


def _frame_length(moment: Moment) -> int:
    assert moment.write is not None
    return len(moment.write[1])

"""Applied records for tests of the audit log."""

from pathlib import Path

from order_engine.exchange.applied import Applied
from order_engine.exchange.state import ExchangeState
from order_engine.followers.audit.check import AuditCheck
from order_engine.followers.audit.log import AuditLog
from order_engine.journal.disk import Disk
from order_engine.journal.record import Record
from order_engine.matching.commands import Command
from tests.builders import amend, buy, cancel, sell

DIRECTORY = Path("/audit")
JOURNAL_ID = "0123456789abcdef0123456789abcdef"
START_NS = 1_700_000_000_000_000_000
FIRST_SEGMENT = DIRECTORY / f"{1:020d}.audit"
END = 9


class Audited:
    """An exchange's state that turns commands into applied records."""

    def __init__(self) -> None:
        self._state = ExchangeState()

    def take(self, *commands: Command) -> Applied:
        sequence = self._state.sequence + 1
        return self._state.apply(Record(sequence=sequence, timestamp_ns=START_NS + sequence, commands=commands))


def trading() -> list[Applied]:
    """Nine commands in seven records: trades, a batch of three, an amend, a cancel, refusals."""
    audited = Audited()
    return [
        audited.take(sell(user_id="sue")),
        audited.take(buy(user_id="bob", quantity="4")),
        audited.take(buy(user_id="bob", price="99.00"), buy(price="99.001"), sell(quantity="1")),
        audited.take(amend("3", quantity="5")),
        audited.take(cancel("3")),
        audited.take(cancel("3")),
        audited.take(buy(user_id="bob", quantity="20", time_in_force="IOC")),
    ]


def opened_log(disk: Disk, segment_bytes_max: int = 1 << 20, journal_id: str = JOURNAL_ID) -> AuditLog:
    """Open the log on a disk."""
    log = AuditLog(DIRECTORY, disk, segment_bytes_max)
    log.open(journal_id)
    return log


def written(disk: Disk, records: list[Applied], segment_bytes_max: int = 1 << 20) -> None:
    """Write records into the log, synced, and close it."""
    log = opened_log(disk, segment_bytes_max)
    log.append(records)
    log.sync()
    log.close()


def checked(disk: Disk, records: list[Applied]) -> AuditCheck:
    """Compare the log on a disk with records."""
    check = AuditCheck(DIRECTORY, disk)
    check.check_journal(JOURNAL_ID)
    for applied in records:
        check.follow(applied)
    check.finish(records[-1].record.last_sequence)
    return check

"""``replay``: replays the journal from its beginning, without snapshots."""

import click

from order_engine.commands.environment import recovery_of, settings_of_environment
from order_engine.commands.printing import print_result
from order_engine.exchange.state import state_hash
from order_engine.journal.disk import LocalDisk
from order_engine.journal.still_disk import StillDisk


@click.command(short_help="Replay the journal and print the state's hash.")
@click.option("--to", "until_sequence", type=int, help="Replay up to this sequence instead of the journal's end.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def replay(until_sequence: int | None, *, as_json: bool) -> None:
    """Replay the journal from its beginning, and print the last sequence and the hash of the state.

    A server may be running; records that it adds meanwhile are ignored.
    """
    state = recovery_of(settings_of_environment(), StillDisk(LocalDisk())).replay(until_sequence)
    print_result({"sequence": state.sequence, "state_hash": state_hash(state.dump())}, as_json=as_json)

"""A followers' process with the behaviour of its argument: ``fake_process.py DESCRIPTOR LOG BEHAVIOUR``.

It writes each message into the log, one a line.
"""

import signal
import socket
import sys
from pathlib import Path

from order_engine.followers.control import Control, ControlClosed, Finish, Message, Report, Want, WantSnapshot
from order_engine.followers.progress import AUDIT, OK, SNAPSHOTS, SQL, SinkProgress

HANGS_SECONDS = 0.3
SOUND, OTHER = 111, 222


class FakeFollower:
    """Follows without delay: it reports everything wanted at once."""

    def __init__(self, control: Control, log: Path, behaviour: str) -> None:
        self._control = control
        self._log = log
        self._behaviour = behaviour
        self._shown = 0
        self._attempted = 0

    def run(self) -> int:
        if self._behaviour == "crashes":
            return 3
        if self._behaviour == "fails":
            raise RuntimeError("the wheel came off")
        self._report()
        if self._behaviour == "chats":
            sys.stderr.write("all is well\n")
            sys.stderr.flush()
            signal.raise_signal(signal.SIGKILL)
        if self._behaviour == "hangs":
            signal.pause()
        while True:
            for message in self._control.receive(0.05):
                self._hear(message)
                if isinstance(message, Finish) and self._behaviour != "never finishes":
                    return 0
            self._report()

    def _hear(self, message: Message) -> None:
        with self._log.open("a") as file:
            file.write(f"{type(message).__name__} {getattr(message, 'sequence', '')}\n")
        if self._behaviour == "hears only":
            return
        match message:
            case Want(sequence):
                self._shown = max(sequence, self._shown)
            case WantSnapshot(sequence):
                self._attempted = max(sequence, self._attempted)

    def _report(self) -> None:
        sinks = {
            SQL: SinkProgress(self._shown, self._shown, OK),
            AUDIT: SinkProgress(self._shown, self._shown, OK),
            SNAPSHOTS: SinkProgress(self._attempted, self._attempted, OK),
        }
        digest = OTHER if self._behaviour == "diverges" else SOUND
        patience = HANGS_SECONDS if self._behaviour == "hangs" else 15.0
        self._control.send(
            Report(sinks=sinks, replica_sequence=7, digests={4: digest}, reads_open=True, patience_seconds=patience)
        )


def main(descriptor: str, log: str, behaviour: str) -> int:
    """Run until told to finish, or until the other side is gone."""
    control = Control(socket.socket(fileno=int(descriptor)))
    try:
        return FakeFollower(control, Path(log), behaviour).run()
    except ControlClosed:
        return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

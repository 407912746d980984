"""Messages arrive whole, unchanged and in order in any pieces; a closed side is noticed."""

import fcntl
import resource
import socket
from collections.abc import Iterator

import pytest

from order_engine.followers.control import Control, ControlClosed, Finish, Message, Report, Want, WantSnapshot
from order_engine.followers.progress import SinkProgress

REPORT = Report(
    sinks={"sql": SinkProgress(5, 4, 'the database is down:\n"timeout"'), "audit": SinkProgress()},
    replica_sequence=7,
    digests={0: 123, 1: 4_294_967_295},
    reads_open=True,
    patience_seconds=15.0,
)
MESSAGES: list[Message] = [REPORT, Want(3), WantSnapshot(4), Finish(5)]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def written(messages: list[Message]) -> bytes:
    one, other = socket.socketpair()
    with one, other:
        for message in messages:
            Control(one).send(message)
        return other.recv(1 << 16)


def test_messages_come_as_they_were_sent(ends: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = map(Control, ends)
    for message in MESSAGES:
        sender.send(message)

    assert list(receiver.receive(1)) == MESSAGES


def test_messages_split_over_reads_come_whole(ends: tuple[socket.socket, socket.socket]) -> None:
    sending, receiver = ends[0], Control(ends[1])
    received: list[Message] = []
    content = written(MESSAGES)

    for at in range(0, len(content), 7):
        sending.sendall(content[at : at + 7])
        received += receiver.receive(1)

    assert received == MESSAGES


def test_socket_is_read_beside_a_thousand_connections(ends: tuple[socket.socket, socket.socket]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2_000), hard))
    far = socket.socket(fileno=fcntl.fcntl(ends[1].fileno(), fcntl.F_DUPFD, 1_500))
    Control(ends[0]).send(Want(3))

    with far:
        assert list(Control(far).receive(1)) == [Want(3)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_nothing_comes_in_time(ends: tuple[socket.socket, socket.socket]) -> None:
    assert list(Control(ends[1]).receive(0)) == []


def test_last_words_are_heard_before_the_side_that_is_gone_is_noticed(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = map(Control, ends)
    receiver.send(Want(1))
    sender.send(REPORT)
    sender.close()

    assert list(receiver.receive(1)) == [REPORT]
    with pytest.raises(ControlClosed):
        list(receiver.receive(1))
    with pytest.raises(ControlClosed):
        receiver.send(Want(2))


def test_own_side_closed_is_closed(ends: tuple[socket.socket, socket.socket]) -> None:
    control = Control(ends[0])
    control.close()

    with pytest.raises(ControlClosed):
        list(control.receive(1))
    with pytest.raises(ControlClosed):
        control.send(Want(1))


def test_other_side_that_does_not_read_is_never_waited_for(ends: tuple[socket.socket, socket.socket]) -> None:
    control = Control(ends[0])

    sent = 0
    while control.offer(Want(sent)):
        sent += 1

    assert not control.offer(Want(sent))
    received: list[Message] = []
    receiver = Control(ends[1])
    while pieces := list(receiver.receive(0)):
        received += pieces
    assert received == [Want(sequence) for sequence in range(sent)], "each whole, or not at all"

"""A WebSocket within its limits: hostile, slow and silent clients cost a bounded time and memory."""

from time import monotonic

import pytest
from websockets.frames import Frame, Opcode

from order_engine.feeds.frames import text_frame
from order_engine.feeds.web_socket import PIECE_BYTES, SLOW_SECONDS, TOO_SLOW, UNREAD_BYTES_MAX
from tests.unit.feeds.fakes import Line, frame


def test_messages_before_and_after_the_handshake_are_heard_in_order() -> None:
    line = Line(rest=frame(b"one"))

    line.turns()
    line.receive(frame(b"two"), frame(b"thr", fin=False), frame(b"ee", Opcode.CONT))

    assert line.heard.messages == [b"one", b"two", b"three"]
    assert bytes(line.transport.written) == b"greeting"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_frame_of_each_size_is_the_one_of_the_library(size: int) -> None:
    text = b"x" * size

    assert text_frame(text) == Frame(Opcode.TEXT, text).serialize(mask=False)


HOSTILE = {
    "not masked": (frame(b"x", masked=False), 1002),
    "unknown opcode": (b"\x83\x80\x00\x00\x00\x00", 1002),
    "bit of an extension": (b"\xc1\x80\x00\x00\x00\x00", 1002),
    "ping in pieces": (b"\x09\x80\x00\x00\x00\x00", 1002),
    "continuation of nothing": (frame(b"x", Opcode.CONT), 1002),
    "message within a message": (frame(b"x", fin=False) + frame(b"y"), 1002),
    "long message": (frame(b"x" * 101), 1009),
    "length of 2^63 - 1": (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 1009),
    "long message in pieces": (frame(b"x" * 60, fin=False) + frame(b"y" * 60, Opcode.CONT), 1009),
    "binary": (frame(b"x", Opcode.BINARY), 1003),
    "flood of pings": (frame(b"", Opcode.PING) * 21, 1008),
    "flood of empty pieces": (frame(b"", fin=False) + frame(b"", Opcode.CONT, fin=False) * 30, 1008),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_frames_close_the_connection_with_their_code(kind: str) -> None:
    received, code = HOSTILE[kind]
    line = Line()

    line.receive(received)

    assert line.close_code == code
    assert line.heard.messages == []


def test_nothing_is_heard_after_the_server_has_said_goodbye() -> None:
    line = Line()
    line.web_socket.close(1008, "enough")

    line.receive(frame(b"late"))
    line.web_socket.send(text_frame(b"late too"))

    assert line.heard.messages == []
    assert b"late" not in line.transport.written


def test_client_that_ignores_the_goodbye_is_cut_off() -> None:
    line = Line()
    line.web_socket.close(1001)

    line.web_socket.tick(monotonic() + 1)
    assert not line.transport.is_aborted
    line.web_socket.tick(monotonic() + 3)

    assert line.transport.is_aborted


def test_goodbye_of_the_client_is_returned_and_the_connection_closed() -> None:
    line = Line()

    line.receive(frame((1000).to_bytes(2, "big"), Opcode.CLOSE))

    assert line.close_code == 1000
    assert line.transport.is_closed


def test_client_that_stops_reading_is_closed_with_4008() -> None:
    line = Line()
    line.web_socket.pause_writing()

    line.web_socket.tick(monotonic() + SLOW_SECONDS - 1)
    assert line.close_code is None
    line.web_socket.tick(monotonic() + SLOW_SECONDS + 1)

    assert line.close_code == TOO_SLOW
    line.web_socket.tick(monotonic() + SLOW_SECONDS + 10)
    assert line.transport.is_aborted


def test_client_that_does_not_read_is_not_read_from() -> None:
    line = Line()
    line.web_socket.pause_writing()

    line.web_socket.data_received(frame(b"one"))
    line.turns()
    assert line.transport.is_paused
    assert line.heard.messages == []
    line.web_socket.resume_writing()
    line.turns()

    assert line.heard.messages == [b"one"]
    assert not line.transport.is_paused
    assert line.heard.resumed == 1


def test_busy_listener_hears_nothing_more_and_reading_stops_until_it_is_served_again() -> None:
    line = Line(frames_max=10_000)
    line.heard.is_busy = True

    line.receive(frame(b"x" * 50) * 100)
    assert line.transport.is_paused
    assert line.heard.messages == []
    line.heard.is_busy = False
    line.web_socket.serve_soon()
    line.turns()

    assert line.heard.messages == [b"x" * 50] * 100
    assert not line.transport.is_paused


def test_many_frames_at_once_are_served_in_turns_and_reading_stops_meanwhile() -> None:
    line = Line(frames_max=100_000)
    flood = frame(b"x") * (2 * UNREAD_BYTES_MAX // 7)

    line.web_socket.data_received(flood)
    assert line.transport.is_paused
    turns = line.turns()

    assert turns >= len(flood) // PIECE_BYTES
    assert len(line.heard.messages) == 2 * UNREAD_BYTES_MAX // 7
    assert not line.transport.is_paused


def test_silent_client_is_pinged_then_cut_off() -> None:
    line = Line()

    line.web_socket.tick(monotonic() + 21)
    line.web_socket.tick(monotonic() + 22)
    assert line.transport.written.count(b"\x89\x00") == 1
    line.web_socket.tick(monotonic() + 61)

    assert line.transport.is_aborted


def test_client_that_answers_the_ping_stays() -> None:
    line = Line()
    line.web_socket.tick(monotonic() + 21)

    line.receive(frame(b"", Opcode.PONG))
    line.web_socket.tick(monotonic() + 59)

    assert not line.transport.is_aborted


def test_lost_connection_ends_the_listener() -> None:
    line = Line(rest=b"\x81")

    line.web_socket.connection_lost(None)
    line.turns()

    assert line.heard.has_ended


def test_messages_are_the_same_wherever_the_network_cuts_them() -> None:
    looks_like_a_frame = b"\x81\x81\x00\x00\x00\x00!"
    messages = [b"one", b"", b"x" * 125, b"y" * 126, b"in pieces", b"z" * 1_100, looks_like_a_frame]
    frames = list(map(frame, messages))
    frames[4] = frame(b"in ", fin=False) + frame(b"", Opcode.PING) + frame(b"pieces", Opcode.CONT)
    frames[6] = b"\x81\x87\x00\x00\x00\x00" + looks_like_a_frame
    sent = b"".join(frames)

    for cut in range(len(sent)):
        line = Line(message_bytes_max=1_200)
        line.receive(sent[:cut])
        line.receive(sent[cut:])
        assert (cut, line.heard.messages) == (cut, messages)


def test_whole_message_within_another_is_refused_when_it_comes_later() -> None:
    line = Line()

    line.receive(frame(b"one", fin=False))
    line.receive(frame(b"two"))

    assert line.close_code == 1002
    assert line.heard.messages == []

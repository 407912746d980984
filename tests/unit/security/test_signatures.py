"""Signed requests: the published examples, the window, and that nothing counts twice."""

import json
import re
from pathlib import Path

import pytest

from order_engine.security.signatures import WINDOW_US, SignatureCheck, SignatureRefused, signature_of

DOCUMENT = Path(__file__).resolve().parents[3] / "docs/keys.md"
SECRET = "oes_for-the-tests"
NOW_US = 1_900_000_000_000_000
TARGET = "/api/v1/orders?status=live"


class HandTime:
    """A clock in microseconds."""

    def __init__(self) -> None:
        self.now_us = NOW_US

    def now_ns(self) -> int:
        return self.now_us * 1_000


@pytest.fixture
def time() -> HandTime:
    return HandTime()


@pytest.fixture
def check(time: HandTime) -> SignatureCheck:
    return SignatureCheck(time.now_ns)


def send(check: SignatureCheck, timestamp: int | str, body: bytes = b"", target: str = TARGET) -> None:
    check.require(
        SECRET, str(timestamp), signature_of(SECRET, str(timestamp), "GET", target, body), "GET", target, body
    )


def test_published_examples_are_right() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Signed requests")[2]
    examples = [json.loads(line) for line in re.findall(r"^    (\{\"timestamp\".*\})$", text, re.MULTILINE)]
    secret = re.search(r"`(oes_[^`]+)`", text)

    assert secret is not None
    assert len(examples) >= 3
    for example in examples:
        signature = example.pop("signature")
        assert signature_of(secret[1], **{**example, "body": example["body"].encode()}) == signature


def test_each_part_is_signed() -> None:
    signed = ("1", "GET", "/a", b"x")

    others = [("2", "GET", "/a", b"x"), ("1", "PUT", "/a", b"x"), ("1", "GET", "/b", b"x"), ("1", "GET", "/a", b"y")]
    assert len({signature_of(SECRET, *each) for each in (signed, *others)}) == 5
    assert signature_of("another", *signed) != signature_of(SECRET, *signed)


def test_signature_counts_once(check: SignatureCheck, time: HandTime) -> None:
    for step in range(20):
        time.now_us = NOW_US + step * WINDOW_US // 3
        send(check, time.now_us)
        with pytest.raises(SignatureRefused, match="used before"):
            send(check, time.now_us)


def test_signature_cannot_be_used_again_at_any_later_time(check: SignatureCheck, time: HandTime) -> None:
    signed_us = NOW_US + WINDOW_US
    send(check, signed_us)
    for step in range(1, 60):
        time.now_us = NOW_US + step * WINDOW_US // 7
        send(check, time.now_us, target="/other")
        with pytest.raises(SignatureRefused):
            send(check, signed_us)


@pytest.mark.parametrize("seen_after_us", [2 * WINDOW_US - 1, 2 * WINDOW_US, 2 * WINDOW_US + 1, 4 * WINDOW_US])
def test_signature_is_remembered_while_it_counts_whenever_it_came(
    check: SignatureCheck, time: HandTime, seen_after_us: int
) -> None:
    time.now_us = seen_us = NOW_US + seen_after_us
    send(check, seen_us + WINDOW_US)
    for step in range(9):
        time.now_us = seen_us + step * WINDOW_US // 4
        send(check, time.now_us, target="/other")
        with pytest.raises(SignatureRefused, match="used before"):
            send(check, seen_us + WINDOW_US)


def test_clock_that_is_set_back_lets_no_old_signature_in(check: SignatureCheck, time: HandTime) -> None:
    send(check, NOW_US)
    for step in range(1, 10):
        time.now_us = NOW_US + step * 2 * WINDOW_US
        send(check, time.now_us)
    time.now_us = NOW_US
    with pytest.raises(SignatureRefused):
        send(check, NOW_US)


@pytest.mark.parametrize("off_us", [-WINDOW_US - 1, WINDOW_US + 1])
def test_time_outside_the_window_is_refused(check: SignatureCheck, time: HandTime, off_us: int) -> None:
    time.now_us += 10 * WINDOW_US

    with pytest.raises(SignatureRefused, match="within 5 s"):
        send(check, time.now_us + off_us)
    send(check, time.now_us + (off_us + 1 if off_us < 0 else off_us - 1))


def test_what_was_signed_before_the_start_is_refused(check: SignatureCheck) -> None:
    with pytest.raises(SignatureRefused):
        send(check, NOW_US - 1)


@pytest.mark.parametrize("timestamp", ["", "x", "1.5", "-1", "٣", "1" * 30, "1e3"])
def test_time_that_is_none_is_refused(check: SignatureCheck, timestamp: str) -> None:
    with pytest.raises(SignatureRefused, match="microseconds"):
        send(check, timestamp)


@pytest.mark.parametrize("signature", ["", "0" * 64, "ä" * 64, "x"])
def test_wrong_signature_is_refused_and_not_quoted(check: SignatureCheck, signature: str) -> None:
    with pytest.raises(SignatureRefused) as raised:
        check.require(SECRET, str(NOW_US), signature, "GET", TARGET, b"")

    assert "not that of this request" in str(raised.value)
    send(check, NOW_US)


def test_missing_headers_are_named(check: SignatureCheck) -> None:
    for timestamp, signature in ((None, "x"), ("1", None), (None, None)):
        with pytest.raises(SignatureRefused, match="X-Timestamp and X-Signature"):
            check.require(SECRET, timestamp, signature, "GET", TARGET, b"")

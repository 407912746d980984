"""JSON read exactly: every digit, every name once, and in bounded depth."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.wire.exact_json import NESTING_MAX, NotJson, decode
from order_engine.wire.form import FormError
from tests.fuzz.mutations import MUTATIONS, Mutation, mutate_all

WRITTEN = b'{"a": {"b:": "x:\\"y", "c": [1.50, {"d": null}, {"d": 1e3}]}, "e": ":", "f": [[], {}], "g": true}'


def test_numbers_keep_every_digit() -> None:
    read = decode(
        b'{"price": 150.10000000000000001, "quantity": 12345678901234567890123, "huge": 1e9999999999999999999}'
    )

    assert read == {
        "price": Decimal("150.10000000000000001"),
        "quantity": 12345678901234567890123,
        "huge": Decimal("Infinity"),
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b'{"a": 1, "a": 1}', "a"),
        (b'{"a": 1, "\\u0061": 2}', "a"),
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', "b"),
        (b'[{"a": [{"b": 1}, {"b": 2, "b": 1.5}]}]', "b"),
        (b'{"a": 1, "a": ' + b"9" * 4_000 + b"}", "a"),
    ],
)
def test_name_given_twice_is_named(text: bytes, name: str) -> None:
    with pytest.raises(FormError) as refused:
        decode(text)

    assert refused.value.errors == {name: ["Given more than once."]}


@pytest.mark.parametrize("text", [WRITTEN, b'{"a:b": "c:d"}', b'[{"a": 1}, {"a": 2}]', b'":"', b"[]", b"7"])
def test_name_given_once_in_each_object_is_read(text: bytes) -> None:
    assert decode(text) == json.loads(text)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_read_up_to_its_bound_and_no_deeper(opening: bytes, closing: bytes) -> None:
    def nested(depth: int) -> bytes:
        return opening * depth + b'":"' + closing * depth

    assert json.dumps(decode(nested(NESTING_MAX)), separators=(",", ":")).encode() == nested(NESTING_MAX)
    for depth in (NESTING_MAX + 1, *range(100, 2_000, 50), 40_000):
        with pytest.raises(NotJson, match="Nested too deeply"):
            decode(nested(depth))


def test_what_stands_under_a_name_given_twice_may_be_too_deep_as_well() -> None:
    # The first decoder drops it; how deep the second can follow depends on the stack.
    for depth in range(900, 1_000):
        text = b'{"a":' + b"[" * depth + b"]" * depth + b',"a":1}'
        with pytest.raises((NotJson, FormError)):
            decode(text)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"{} {}", b"NaN", b"01", b'"\xff"', b'"\\ud800"', b"\xef\xbb\xbf{}", b"{'a': 1}"]
)
def test_what_is_no_json_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(NotJson, match="Not JSON: "):
        decode(text)


@settings(max_examples=1_000, deadline=None)
@given(mutations=st.lists(MUTATIONS, max_size=4))
def test_whatever_comes_is_read_as_others_read_it_or_refused(mutations: list[Mutation]) -> None:
    text = mutate_all(WRITTEN, mutations)
    try:
        read: Any = decode(text)  # Any: JSON
    except (NotJson, FormError):
        return

    assert read == json.loads(text, parse_float=Decimal)

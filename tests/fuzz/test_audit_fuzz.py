"""Any bytes as an audit log give a clear error with file and offset, or entries that were written."""

import re
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.exchange.verification import DifferenceFound
from order_engine.followers.audit.entries import FIRST_CHAIN, chain_after, chained_line
from order_engine.followers.audit.errors import AuditDamaged, AuditForeign
from order_engine.followers.audit.files import list_segments
from order_engine.followers.audit.search import Filter, matching_entries, sentences_of
from tests.fakes.fake_disk import FakeDisk
from tests.fuzz.mutations import MUTATIONS, Mutation, mutate_all
from tests.unit.audit.audited import DIRECTORY, FIRST_SEGMENT, checked, opened_log, trading, written

SEGMENT_BYTES_MAX = 1_200
RECORDS = trading()
PLACE = re.compile(rf"$|{DIRECTORY}: expected the segment|{DIRECTORY}/\d+\.audit: .*(at byte \d+|journal)")
FILTERS = (Filter(), Filter(order_id="1"), Filter(user_id="bob"), Filter(since="2000"))
ENTRY_FILL = st.one_of(
    st.binary(min_size=1, max_size=60),
    st.sampled_from(
        [
            b'{"sequence":1,"time":"","by":"","command":"","outcome":' + b"[" * 2_000,
            b'{"x":' * 2_000,
            b'{"sequence":' + b"9" * 5_000 + b"}",
            b'{"\xff":1}',
            b'{"sequence":1,"time":"","by":"\\ud800","command":"","outcome":[]}',
            b'{"sequence":1,"time":"","by":"","command":"","outcome":[""],"orders":{"1":{}}}',
        ]
    ),
)


def segments_written() -> dict[str, bytes]:
    """A log of several segments, by name."""
    disk = FakeDisk()
    written(disk, RECORDS, SEGMENT_BYTES_MAX)
    return {segment.path.name: disk.content(segment.path) for segment in list_segments(DIRECTORY, disk)}


WRITTEN = segments_written()


def disk_with(files: dict[str, bytes]) -> FakeDisk:
    disk = FakeDisk()
    for name, content in files.items():
        disk.put(DIRECTORY / name, content)
    return disk


def refusal(act: Callable[[], object]) -> str:
    """Return the error's text, or an empty one. Any exception but the log's own fails the test."""
    try:
        act()
    except (DifferenceFound, AuditDamaged, AuditForeign) as error:
        return str(error)
    return ""


def assert_sound_or_refused(disk: FakeDisk) -> None:
    """Check the log, search it, and append to it."""
    asked = [
        lambda wanted=wanted: [*map(sentences_of, matching_entries(DIRECTORY, disk, wanted))] for wanted in FILTERS
    ]
    refusals = [refusal(act) for act in (lambda: checked(disk, RECORDS), *asked, lambda: opened_log(disk))]
    assert [text for text in refusals if not PLACE.match(text)] == []


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(sorted(WRITTEN)), mutations=st.lists(MUTATIONS, min_size=1, max_size=3))
def test_mutated_segment_is_refused_or_ends_the_log_early(name: str, mutations: list[Mutation]) -> None:
    assert_sound_or_refused(disk_with({**WRITTEN, name: mutate_all(WRITTEN[name], mutations)}))


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=200))
def test_arbitrary_bytes_are_no_log(content: bytes) -> None:
    assert_sound_or_refused(disk_with({FIRST_SEGMENT.name: content}))
    assert_sound_or_refused(disk_with({**WRITTEN, max(WRITTEN): content}))


@settings(max_examples=200, deadline=None)
@given(fills=st.lists(ENTRY_FILL, min_size=1, max_size=3), is_header_kept=st.booleans())
def test_chained_lines_that_nobody_wrote_are_refused_or_told(fills: list[bytes], is_header_kept: bool) -> None:
    content, chain = b"", FIRST_CHAIN
    if is_header_kept:
        content = WRITTEN[FIRST_SEGMENT.name].splitlines(keepends=True)[0]
        chain = content[-67:-3]
    for fill in fills:
        body = fill.removesuffix(b"}") + b"}"
        chain = chain_after(chain, body)
        content += chained_line(body, chain)

    assert_sound_or_refused(disk_with({FIRST_SEGMENT.name: content}))

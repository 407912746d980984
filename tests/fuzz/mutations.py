"""Ways to damage a file, as a Hypothesis strategy."""

from collections.abc import Callable

from hypothesis import strategies as st

Mutation = Callable[[bytes], bytes]

POSITIONS = st.integers(0, 1 << 20)
LENGTHS = st.integers(1, 700)


def _flip(bit: int) -> Mutation:
    def mutate(content: bytes) -> bytes:
        if not content:
            return content
        changed = bytearray(content)
        changed[bit // 8 % len(content)] ^= 1 << bit % 8
        return bytes(changed)

    return mutate


def _replace(position: int, length: int, put: bytes) -> Mutation:
    """Replace some bytes by any number of others."""

    def mutate(content: bytes) -> bytes:
        start = position % (len(content) + 1)
        return content[:start] + put + content[start + length :]

    return mutate


def _repeat(source: int, length: int, position: int) -> Mutation:
    """Insert bytes of the file at another place."""

    def mutate(content: bytes) -> bytes:
        start = source % (len(content) + 1)
        return _replace(position, 0, content[start : start + length])(content)

    return mutate


MUTATIONS = st.one_of(
    st.builds(_flip, POSITIONS),
    st.builds(_replace, POSITIONS, st.just(1 << 20), st.just(b"")),
    st.builds(_replace, POSITIONS, LENGTHS, st.binary(max_size=40)),
    st.builds(_replace, POSITIONS, st.just(0), st.binary(min_size=1, max_size=40)),
    LENGTHS.flatmap(lambda length: st.builds(_replace, POSITIONS, st.just(length), st.just(bytes(length)))),
    st.builds(_repeat, POSITIONS, LENGTHS, POSITIONS),
)


def mutate_all(content: bytes, mutations: list[Mutation]) -> bytes:
    """Apply several damages in turn."""
    for mutation in mutations:
        content = mutation(content)
    return content

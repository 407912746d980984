"""Sums over keys in order: how many lots, and how many steps, lie before a key, and at which key they reach an amount.

Every change and every question costs O(log n). A node is split when it is full and dropped when it is empty.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import partial
from itertools import accumulate
from typing import NamedTuple

WIDTH_MAX = 64
WIDTH_BEGUN = 48
BEYOND_ALL = 1 << 200
"""Greater than any key."""


class Reached(NamedTuple):
    """A key, what lies before it, and the lots up to it and with it."""

    key: int
    lots_before: int
    steps_before: int
    lots_with: int


class SumTree:
    """Lots and steps by key. A key that has neither is not kept."""

    __slots__ = ("_root",)

    def __init__(self, keys: list[int], lots: list[int], steps: list[int]) -> None:
        """Begin with these keys, in order, and what each of them has."""
        parts = [slice(start, start + WIDTH_BEGUN) for start in range(0, len(keys), WIDTH_BEGUN)]
        nodes = [_Node(keys[part], lots[part], steps[part], None) for part in parts] or [_Node([], [], [], None)]
        while len(nodes) > 1:
            nodes = [_over(nodes[start : start + WIDTH_BEGUN]) for start in range(0, len(nodes), WIDTH_BEGUN)]
        (self._root,) = nodes

    @property
    def first_key(self) -> int | None:
        """The lowest key; None if there is none."""
        node = self._root
        while node.children is not None:
            node = node.children[0]
        return node.keys[0] if node.keys else None

    @property
    def lots(self) -> int:
        """All lots."""
        return sum(self._root.lots)

    def change(self, key: int, lots: int, steps: int) -> None:
        """Add to what a key has; negative numbers take away from it."""
        node, path = self._root, list[tuple[_Node, int]]()
        while node.children is not None:
            place = bisect_right(node.keys, key) - 1
            if place < 0:
                place, node.keys[0] = 0, key
            node.lots[place] += lots
            node.steps[place] += steps
            path.append((node, place))
            node = node.children[place]
        keys, place = node.keys, bisect_left(node.keys, key)
        if place == len(keys) or keys[place] != key:
            keys.insert(place, key)
            node.lots.insert(place, lots)
            node.steps.insert(place, steps)
            if len(keys) > WIDTH_MAX:
                self._split(node, path)
            return
        node.lots[place] += lots
        node.steps[place] += steps
        if not node.lots[place] and not node.steps[place]:
            del keys[place], node.lots[place], node.steps[place]
            if not keys:
                _drop(path)

    def before(self, key: int) -> tuple[int, int]:
        """Add up the lots and steps of all lower keys."""
        node, lots, steps = self._root, 0, 0
        while True:
            place = bisect_left(node.keys, key)
            if node.children is not None:
                # The last child that begins before the key may reach beyond it.
                place = max(0, place - 1)
            lots += sum(node.lots[:place])
            steps += sum(node.steps[:place])
            if node.children is None:
                return lots, steps
            node = node.children[place]

    def reaching(self, lots: int, steps: int, without: SumTree | None = None) -> Reached | None:
        """Find the first key with which there are so many lots, or steps, in all; None if there are fewer of both.

        What ``without`` has does not count. Its keys are among these.
        """
        node, end, lots_before, steps_before = self._root, BEYOND_ALL, 0, 0
        while True:
            ends = [*node.keys[1:], end]
            lots_up_to = [*accumulate(node.lots, initial=lots_before)]
            steps_up_to = [*accumulate(node.steps, initial=steps_before)]
            place = min(bisect_left(lots_up_to, lots, 1), bisect_left(steps_up_to, steps, 1)) - 1
            if without is not None and place < len(node.keys):
                reaches = partial(_reaches, lots, steps, ends, lots_up_to, steps_up_to, without)
                if not reaches(place):
                    place = bisect_left(range(len(node.keys)), True, place + 1, key=reaches)
            if place == len(node.keys):
                return None
            key, end, lots_before, steps_before = node.keys[place], ends[place], lots_up_to[place], steps_up_to[place]
            if node.children is None:
                break
            node = node.children[place]
        if without is None:
            return Reached(key, lots_before, steps_before, lots_up_to[place + 1])
        (less_lots, less_steps), (less_lots_with, _) = without.before(key), without.before(end)
        return Reached(key, lots_before - less_lots, steps_before - less_steps, lots_up_to[place + 1] - less_lots_with)

    def _split(self, node: _Node, path: list[tuple[_Node, int]]) -> None:
        while len(node.keys) > WIDTH_MAX:
            halves = _over([node, node.split()])
            if not path:
                self._root = halves
                return
            node, place = path.pop()
            node.replace(place, halves)


class _Node:
    """Sums of each key, or of each child; a child's key is not above its lowest."""

    __slots__ = ("children", "keys", "lots", "steps")

    def __init__(self, keys: list[int], lots: list[int], steps: list[int], children: list[_Node] | None) -> None:
        self.keys = keys
        self.lots = lots
        self.steps = steps
        self.children = children

    def split(self) -> _Node:
        """Give the upper half to a new node, and return it."""
        half = len(self.keys) // 2
        upper = _Node(
            self.keys[half:],
            self.lots[half:],
            self.steps[half:],
            None if self.children is None else self.children[half:],
        )
        del self.keys[half:], self.lots[half:], self.steps[half:]
        if self.children is not None:
            del self.children[half:]
        return upper

    def replace(self, place: int, by: _Node) -> None:
        """Put the children of another node in place of one."""
        assert self.children is not None
        assert by.children is not None
        here = slice(place, place + 1)
        self.keys[here], self.lots[here], self.steps[here], self.children[here] = (
            by.keys,
            by.lots,
            by.steps,
            by.children,
        )


def _over(children: list[_Node]) -> _Node:
    """Put a node over others."""
    return _Node(
        [child.keys[0] for child in children],
        [sum(child.lots) for child in children],
        [sum(child.steps) for child in children],
        children,
    )


def _drop(path: list[tuple[_Node, int]]) -> None:
    """Drop an empty node from those that led there."""
    while path:
        node, place = path.pop()
        node.replace(place, _over([]))
        if node.children:
            return
        node.children = None


def _reaches(
    lots: int, steps: int, ends: list[int], lots_up_to: list[int], steps_up_to: list[int], without: SumTree, place: int
) -> bool:
    less_lots, less_steps = without.before(ends[place])
    return lots_up_to[place + 1] - less_lots >= lots or steps_up_to[place + 1] - less_steps >= steps

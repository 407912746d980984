"""The sums over keys in order are those that adding up one by one gives."""

from random import Random

import pytest

from order_engine.matching.sum_tree import Reached, SumTree
from tests.invariants import values_of

Values = dict[int, tuple[int, int]]


def reached_one_by_one(values: Values, lots: int, steps: int, without: Values) -> Reached | None:
    lots_before = steps_before = 0
    for key in sorted(values):
        less_lots, less_steps = without.get(key, (0, 0))
        lots_with = lots_before + values[key][0] - less_lots
        steps_with = steps_before + values[key][1] - less_steps
        if lots_with >= lots or steps_with >= steps:
            return Reached(key, lots_before, steps_before, lots_with)
        lots_before, steps_before = lots_with, steps_with
    return None


def grown(chance: Random, size: int) -> tuple[SumTree, Values]:
    """Grow a tree from some keys by changes, two of three of which add."""
    values = {key: (chance.randint(1, 9), 1) for key in chance.sample(range(-9 * size, 9 * size), size // 2)}
    keys = sorted(values)
    tree = SumTree(keys, [values[key][0] for key in keys], [1] * len(keys))
    for _ in range(size):
        if values and chance.random() < 0.33:
            key = chance.choice([*values])
            lots, steps = values.pop(key)
            tree.change(key, -lots, -steps)
        else:
            key, lots = chance.randrange(-9 * size, 9 * size), chance.randint(1, 9)
            before = values.get(key, (0, 0))
            values[key] = (before[0] + lots, before[1] + 1)
            tree.change(key, lots, 1)
    return tree, values


@pytest.mark.parametrize("size", [1, 5, 200, 6_000])
@pytest.mark.parametrize("seed", range(3))
def test_changes_keep_every_sum(size: int, seed: int) -> None:
    chance = Random(seed)
    tree, values = grown(chance, size)

    assert values_of(tree) == [values[key] for key in sorted(values)]
    assert tree.lots == sum(lots for lots, _ in values.values())
    assert tree.first_key == min(values, default=None)
    for key in chance.choices(range(-9 * size - 1, 9 * size + 1), k=20):
        lower = [values[each] for each in values if each < key]
        assert tree.before(key) == (sum(lots for lots, _ in lower), sum(steps for _, steps in lower))


@pytest.mark.parametrize("size", [1, 5, 200, 6_000])
@pytest.mark.parametrize("passes_some", [True, False])
def test_first_key_that_reaches_an_amount_is_found(size: int, passes_some: bool) -> None:
    chance = Random(size)
    tree, values = grown(chance, size)
    passed = {key: values[key] for key in sorted(values) if passes_some and chance.random() < 0.4}
    without = SumTree([*passed], [lots for lots, _ in passed.values()], [steps for _, steps in passed.values()])

    for _ in range(30):
        lots, steps = chance.randint(1, 1 + 6 * size), chance.randint(1, 1 + size)
        expected = reached_one_by_one(values, lots, steps, passed)
        assert tree.reaching(lots, steps, without if passes_some else None) == expected


def test_emptied_tree_takes_keys_again() -> None:
    keys = list(range(10_000))
    tree = SumTree(keys, [1] * len(keys), [1] * len(keys))

    for key in keys:
        tree.change(key, -1, -1)
    emptied = (values_of(tree), tree.first_key, tree.before(5), tree.reaching(1, 1))
    tree.change(7, 2, 1)

    assert emptied == ([], None, (0, 0), None)
    assert values_of(tree) == [(2, 1)]

"""From whose plan each case of a grid goes on: a tree with the base as its root, which the grid alone decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from planner.domain.grid import BASE_CASE, Case
from planner.domain.patches.change import Level

MOST_GENERATIONS = 6
"""The cases of a generation wait for all of the one before: more generations leave lanes idle more often."""
MOST_CASES_IN_TREE = 5_000
"""Every case is put beside every other one, which takes seconds for so many."""
_DIGITS = 9
"""Amounts that differ by less differ by rounding."""


def base_parents(cases: Sequence[Case]) -> dict[str, str]:
    """Return, by key of each case but the base, the key of the base."""
    return {case.key: BASE_CASE.key for case in cases if case.settings}


def nearest_parents(cases: Sequence[Case]) -> dict[str, str]:
    """Return, by key of each case but the base, that of the case it goes on from; parents come before their children.

    The nearest of two cases differs in fewer factors; where they differ in as many, it differs less, in the sum over
    factors of the difference as a share of all that the factor spans (1 where a level is a text); where that is the
    same, too, it is the base, or comes first in the grid. A factor that a case does not name has its neutral level.
    The parent of a case is the nearest of the base and of all cases that are nearer to the base. Where that makes more
    than `MOST_GENERATIONS`, cases are divided into as many bands of equal numbers by how near they are to the base, and
    parents are of a band before: steps are longer then, but as long for cases far from the base as for others.

    Raises
    ------
    ValueError
        If there are more than `MOST_CASES_IN_TREE` cases.
    """
    named = [BASE_CASE, *(case for case in cases if case.settings)]
    if len(named) > MOST_CASES_IN_TREE:
        raise ValueError(f"{len(named):,} cases are more than the {MOST_CASES_IN_TREE:,} that are put side by side")
    keys, points = [case.key for case in named], _Points(named)
    rank = np.unique(points.apart(0), axis=0, return_inverse=True)[1].reshape(-1)
    sequence = np.argsort(rank, kind="stable")[1:]

    def parents(bands: int) -> dict[str, str]:
        tree = _tree(points, rank, np.array_split(sequence, bands))
        return {keys[child]: keys[parent] for child, parent in tree.items()}

    nearest = parents(bands=max(1, len(sequence)))
    return nearest if len(generations(nearest)) <= MOST_GENERATIONS else parents(bands=MOST_GENERATIONS)


def _tree(points: _Points, rank: NDArray[np.int64], bands: Sequence[NDArray[np.int64]]) -> dict[int, int]:
    """Return by place the nearest case of the bands before that has a lower rank, or the base, which is at place 0."""
    parents: dict[int, int] = {}
    for band in bands:
        before = np.sort([0, *parents])
        for child in band.tolist():
            nearer = before[(rank[before] < rank[child]) | (before == 0)]
            factors, amount = points.apart(child, nearer).T
            parents[child] = int(nearer[np.lexsort((amount, factors))[0]])
    return parents


def generations(parents: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Return the keys of ``parents``, where parents come before their children, by how many steps lead to the base."""
    steps: dict[str, int] = {}
    for key, parent in parents.items():
        steps[key] = steps.get(parent, 0) + 1
    last = max(steps.values(), default=0)
    return tuple(tuple(key for key in parents if steps[key] == step) for step in range(1, last + 1))


class _Points:
    """Cases as points: a number is its share of all that its factor spans, any other level a name."""

    def __init__(self, cases: Sequence[Case]) -> None:
        neutral = {
            name: patch.change.neutral
            for case in cases
            for (name, _), patch in zip(case.settings, case.patches, strict=True)
        }
        settings = [dict(case.settings) for case in cases]
        columns = [_column([levels.get(name, none) for levels in settings]) for name, none in neutral.items()]
        self._shares = np.column_stack([np.zeros(len(cases)), *(shares for shares, _ in columns)])
        self._names = np.column_stack([np.zeros(len(cases)), *(names for _, names in columns)])

    def apart(self, one: int, others: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float64]:
        """Return a row for each of the ``others``: in how many factors it differs from ``one``, and by how much."""
        renamed = self._names[others] != self._names[one]
        amounts = np.where(renamed, 1.0, np.abs(self._shares[others] - self._shares[one]))
        return np.column_stack([(amounts > 0).sum(axis=1), amounts.sum(axis=1).round(_DIGITS)])


def _column(levels: Sequence[Level | None]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a share for each level that is a number (else 0), and a number for each that is none (else 0)."""
    numbers = [float(level) for level in levels if isinstance(level, int | float)]
    low, spread = min(numbers, default=0.0), max(numbers, default=0.0) - min(numbers, default=0.0)
    shares = [(level - low) / spread if isinstance(level, int | float) and spread else 0.0 for level in levels]
    known: dict[Level | None, int] = {}
    names = [0 if isinstance(level, int | float) else known.setdefault(level, len(known) + 1) for level in levels]
    return np.array(shares, dtype=np.float64), np.array(names, dtype=np.float64)

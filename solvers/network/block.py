"""The whole problem as blocks: each agent's own program, coupled by linking rows.

The program is ``max Σ_b c_b·x_b`` subject to each block's own rows and bounds, and to the linking rows
``link_lower ≤ Σ_b L_b·x_b ≤ link_upper``. Rows carry a label ``(kind, key, period)`` so that prices and violations
speak of clauses, products and periods; period −1 means "the horizon".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats, Ints, Program, SparseRows


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Names of rows or columns: three columns of the same length (text, text, int32)."""

    kind: tuple[str, ...]
    key: tuple[str, ...]
    period: Ints

    def __post_init__(self) -> None:
        if not len(self.kind) == len(self.key) == len(self.period):
            raise InvalidProgram("labels need as many kinds and keys as periods")

    def __len__(self) -> int:
        return len(self.period)


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Linking rows: labels and bounds, float64 of shape (links,)."""

    labels: Labels
    lower: Floats
    upper: Floats

    def __post_init__(self) -> None:
        if not len(self.labels) == len(self.lower) == len(self.upper):
            raise InvalidProgram("linking rows need one lower and one upper bound each")


@dataclass(frozen=True, slots=True, eq=False)
class Setups:
    """Pairs of columns of a block: binary ``setup`` allows ``quantity``; ``most`` is the largest quantity.

    int32, int32 and float64, each of shape (pairs,).
    """

    setup: Ints
    quantity: Ints
    most: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One agent's part: its program, its entries in the linking rows, and its discrete structure.

    ``choices`` lists groups of binary columns of which exactly one is 1 (rebate tiers). ``rows`` labels the block's
    own rows, ``columns`` its columns.
    """

    name: str
    program: Program
    links: SparseRows
    rows: Labels
    columns: Labels
    setups: Setups
    choices: tuple[tuple[str, Ints], ...] = ()

    def __post_init__(self) -> None:
        if self.links.columns != self.program.columns:
            raise InvalidProgram(f"block {self.name}: linking entries and program differ in their columns")


@dataclass(slots=True)
class _Group:
    lower: Floats
    upper: Floats
    objective: Floats
    integer: Bools


@dataclass(slots=True)
class BlockBuilder:
    """Collects columns, rows and entries of one block as arrays; :meth:`build` freezes them."""

    name: str
    offset: float = 0.0
    _columns: list[_Group] = field(default_factory=list)
    _column_labels: tuple[list[str], list[str], list[Ints]] = field(default_factory=lambda: ([], [], []))
    _row_bounds: list[tuple[Floats, Floats]] = field(default_factory=list)
    _row_labels: tuple[list[str], list[str], list[Ints]] = field(default_factory=lambda: ([], [], []))
    _entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    _links: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    _setups: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    _choices: list[tuple[str, Ints]] = field(default_factory=list)
    _width: int = 0
    _height: int = 0

    def add_columns(
        self,
        kind: str,
        keys: Sequence[str],
        periods: npt.ArrayLike,
        *,
        upper: npt.ArrayLike,
        lower: npt.ArrayLike = 0.0,
        objective: npt.ArrayLike = 0.0,
        integer: npt.ArrayLike = False,
    ) -> Ints:
        """Append one column per key and return their numbers."""
        count = len(keys)
        self._columns.append(
            _Group(
                _full(lower, count), _full(upper, count), _full(objective, count), np.full(count, integer, dtype=bool)
            )
        )
        _label(self._column_labels, kind, keys, periods)
        self._width += count
        return np.arange(self._width - count, self._width, dtype=np.int32)

    def add_rows(
        self,
        kind: str,
        keys: Sequence[str],
        periods: npt.ArrayLike,
        *,
        lower: npt.ArrayLike = -np.inf,
        upper: npt.ArrayLike = np.inf,
    ) -> Ints:
        """Append one row per key and return their numbers."""
        count = len(keys)
        self._row_bounds.append((_full(lower, count), _full(upper, count)))
        _label(self._row_labels, kind, keys, periods)
        self._height += count
        return np.arange(self._height - count, self._height, dtype=np.int32)

    def add_entries(self, rows: npt.ArrayLike, columns: npt.ArrayLike, values: npt.ArrayLike) -> None:
        """Add coefficients to the block's own rows; scalars spread, repeated pairs add up."""
        self._entries.append(_triplets(rows, columns, values))

    def add_links(self, links: npt.ArrayLike, columns: npt.ArrayLike, values: npt.ArrayLike) -> None:
        """Add coefficients to linking rows; scalars spread, repeated pairs add up."""
        self._links.append(_triplets(links, columns, values))

    def add_setups(self, setup: Ints, quantity: Ints, most: Floats) -> None:
        """Declare that binary columns ``setup`` allow the columns ``quantity`` up to ``most``."""
        self._setups.append((setup, quantity, most))

    def add_choice(self, name: str, columns: Ints) -> None:
        """Declare binary columns of which exactly one is chosen."""
        self._choices.append((name, columns))

    def total_upper(self, columns: Ints) -> float:
        """Return the sum of the upper bounds of some columns."""
        return float(_join([group.upper for group in self._columns])[columns].sum())

    def build(self, link_count: int) -> Block:
        """Freeze the block against ``link_count`` linking rows."""
        program = Program(
            objective=_join([g.objective for g in self._columns]),
            lower=_join([g.lower for g in self._columns]),
            upper=_join([g.upper for g in self._columns]),
            integer=np.concatenate([g.integer for g in self._columns]) if self._columns else np.zeros(0, dtype=bool),
            rows=_sparse(self._entries, self._height, self._width),
            row_lower=_join([lower for lower, _ in self._row_bounds]),
            row_upper=_join([upper for _, upper in self._row_bounds]),
            offset=self.offset,
        )
        none = np.zeros(0, dtype=np.int32)
        return Block(
            name=self.name,
            program=program,
            links=_sparse(self._links, link_count, self._width),
            rows=_labels(self._row_labels),
            columns=_labels(self._column_labels),
            setups=Setups(
                np.concatenate([none, *(s for s, _, _ in self._setups)]).astype(np.int32),
                np.concatenate([none, *(q for _, q, _ in self._setups)]).astype(np.int32),
                _join([most for _, _, most in self._setups]),
            ),
            choices=tuple(self._choices),
        )


def _full(values: npt.ArrayLike, count: int) -> Floats:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (count,)).copy()


def _join(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def _label(
    labels: tuple[list[str], list[str], list[Ints]], kind: str, keys: Sequence[str], periods: npt.ArrayLike
) -> None:
    labels[0].extend([kind] * len(keys))
    labels[1].extend(keys)
    labels[2].append(np.broadcast_to(np.asarray(periods, dtype=np.int32), (len(keys),)))


def _labels(labels: tuple[list[str], list[str], list[Ints]]) -> Labels:
    periods = np.concatenate(labels[2]).astype(np.int32) if labels[2] else np.zeros(0, dtype=np.int32)
    return Labels(tuple(labels[0]), tuple(labels[1]), periods)


def _triplets(rows: npt.ArrayLike, columns: npt.ArrayLike, values: npt.ArrayLike) -> tuple[Ints, Ints, Floats]:
    i, j, v = np.broadcast_arrays(np.asarray(rows), np.asarray(columns), np.asarray(values, dtype=np.float64))
    return i.ravel().astype(np.int32), j.ravel().astype(np.int32), v.ravel()


def _sparse(entries: list[tuple[Ints, Ints, Floats]], rows: int, columns: int) -> SparseRows:
    if not entries:
        return SparseRows.from_triplets([], [], [], rows, columns)
    i, j, v = (np.concatenate([entry[k] for entry in entries]) for k in range(3))
    return SparseRows.from_triplets(i, j, v, rows, columns)

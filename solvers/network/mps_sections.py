"""The sections of an MPS file in free format, taken line by line into a draft.

Names hold no spaces. Sections NAME, OBJSENSE, ROWS, COLUMNS, RHS, RANGES, BOUNDS and ENDATA. A line that does not fit
raises a ValueError, KeyError or IndexError here; the reader says file and line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

ROW_KINDS = "ELG"


@dataclass(slots=True)
class Draft:
    """What was read so far; rows and columns are numbered in the order of their appearance, objective rows not.

    ``bounds`` holds lower and upper of the columns that have any, None where not given.
    """

    maximise: bool = False
    objective_row: str | None = None
    ignored_rows: set[str] = field(default_factory=set)
    kinds: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)
    integer: list[bool] = field(default_factory=list)
    bounds: dict[int, list[float | None]] = field(default_factory=dict)
    cost: dict[int, float] = field(default_factory=dict)
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    rhs: dict[int, float] = field(default_factory=dict)
    ranges: dict[int, float] = field(default_factory=dict)
    offset: float = 0.0
    in_integers: bool = False


def _objsense(draft: Draft, words: list[str]) -> None:
    draft.maximise = words[0].upper().startswith("MAX")


def _rows(draft: Draft, words: list[str]) -> None:
    kind, name = words[0].upper(), words[1]
    if kind == "N":
        if draft.objective_row is None:
            draft.objective_row = name
        else:
            draft.ignored_rows.add(name)
        return
    if kind not in ROW_KINDS or name in draft.rows:
        raise ValueError(f"row {name!r} of kind {kind!r} is of no known kind, or named twice")
    draft.rows[name] = len(draft.kinds)
    draft.kinds.append(kind)


def _columns(draft: Draft, words: list[str]) -> None:
    if len(words) >= 3 and words[1].strip("'") == "MARKER":
        draft.in_integers = words[2].strip("'") == "INTORG"
        return
    column = draft.columns.setdefault(words[0], len(draft.columns))
    if column == len(draft.integer):
        draft.integer.append(draft.in_integers)
    for row, value in _pairs(words[1:]):
        if row == draft.objective_row:
            draft.cost[column] = draft.cost.get(column, 0.0) + value
        elif row not in draft.ignored_rows:
            draft.entries.append((draft.rows[row], column, value))


def _rhs(draft: Draft, words: list[str]) -> None:
    for row, value in _pairs(words[len(words) % 2 :]):
        if row == draft.objective_row:
            draft.offset = -value
        elif row not in draft.ignored_rows:
            draft.rhs[draft.rows[row]] = value


def _range(draft: Draft, words: list[str]) -> None:
    for row, value in _pairs(words[len(words) % 2 :]):
        draft.ranges[draft.rows[row]] = value


def _bound(draft: Draft, words: list[str]) -> None:
    kind = words[0].upper()
    free = kind in {"FR", "MI", "PL", "BV"}
    # The name of the bound set may be left out.
    column = draft.columns[words[1] if len(words) == (2 if free else 3) else words[2]]
    value = 0.0 if free else float(words[-1])
    if math.isnan(value):
        raise ValueError("a bound is not a number")
    lower, upper = {
        "UP": (None, value),
        "UI": (None, value),
        "LO": (value, None),
        "LI": (value, None),
        "FX": (value, value),
        "FR": (-np.inf, np.inf),
        "MI": (-np.inf, None),
        "PL": (None, np.inf),
        "BV": (0.0, 1.0),
    }[kind]
    known = draft.bounds.setdefault(column, [None, None])
    if lower is not None:
        known[0] = lower
    if upper is not None:
        known[1] = upper
    if kind in {"BV", "LI", "UI"}:
        draft.integer[column] = True


SECTIONS: dict[str, Callable[[Draft, list[str]], None]] = {
    "OBJSENSE": _objsense,
    "ROWS": _rows,
    "COLUMNS": _columns,
    "RHS": _rhs,
    "RANGES": _range,
    "BOUNDS": _bound,
}


def _pairs(words: list[str]) -> Iterator[tuple[str, float]]:
    for name, word in zip(words[::2], words[1::2], strict=True):
        value = float(word)
        if not math.isfinite(value):
            raise ValueError(f"{word} of {name} is not finite")
        yield name, value

"""Names for the rows and columns of an assembled program, made of the labels its blocks carry.

A name is ``block.kind.key.period``, for linking rows ``link.kind.key.period``; the period ``all`` is the horizon. Names
hold no blanks and only ASCII: whatever else stands in a key is percent-encoded (RFC 3986), so that it can be read back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from solvers.network.block import Block, Labels, Links

HORIZON = "all"
"""Stands for a period in rows and columns of the whole horizon."""
_PLAIN = "/#@:~+-._"
_LONGEST = 240


def column_names(blocks: Sequence[Block]) -> tuple[str, ...]:
    """Return a unique name for every column of the assembled blocks."""
    return _unique(name for block in blocks for name in _names(block.name, block.columns))


def row_names(blocks: Sequence[Block], links: Links) -> tuple[str, ...]:
    """Return a unique name for every row of the assembled blocks, their own first, then the linking rows."""
    own = (name for block in blocks for name in _names(block.name, block.rows))
    return _unique([*own, *_names("link", links.labels)])


def plain(text: str) -> str:
    """Return a text as it may stand in a name."""
    return quote(text, safe=_PLAIN)


def _names(owner: str, labels: Labels) -> Iterable[str]:
    for kind, key, period in zip(labels.kind, labels.key, labels.period.tolist(), strict=True):
        yield f"{plain(owner)}.{plain(kind)}.{plain(key)}.{HORIZON if period < 0 else period}"


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    """Cut names that other solvers find too long, and number repeated ones from the second on."""
    count: dict[str, int] = {}
    used: set[str] = set()
    found = []
    for full in names:
        name = full[:_LONGEST]
        candidate = name
        while candidate in used:
            count[name] = count.get(name, 1) + 1
            candidate = f"{name}~{count[name]}"
        used.add(candidate)
        found.append(candidate)
    return tuple(found)

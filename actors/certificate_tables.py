"""A certificate as tables: multipliers of every leaf, prices of balances and clauses; and back, for the verifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from actors.bounding import Multipliers, has_rows
from actors.formulate.links import CLAUSE_ROWS, HORIZON, clause_of
from planner.domain.plan import PLAN_TABLES
from solvers.core.program import Floats
from solvers.network.block import Block, Labels, Links

LINKS = "links"
NEGOTIATED = "negotiated"


def leaf_name(place: int) -> str:
    """Return the name of a leaf, as it stands before its blocks in the duals table."""
    return f"leaf-{place}"


def duals_table(leaves: Sequence[Multipliers], blocks: Sequence[Block], links: Links) -> pl.DataFrame:
    """Write the multipliers of all leaves, zeros left out."""
    frames = []
    for place, given in enumerate(leaves):
        prefix = leaf_name(place)
        frames.append(_rows(f"{prefix}/{LINKS}", links.labels, given.links))
        frames += [_rows(f"{prefix}/{b.name}", b.rows, given.rows[b.name]) for b in blocks if has_rows(b)]
        if given.negotiated is not None:
            frames.append(_rows(f"{prefix}/{NEGOTIATED}", links.labels, given.negotiated))
    return pl.concat(frames)


def read_duals(duals: pl.DataFrame, place: int, blocks: Sequence[Block], links: Links) -> Multipliers:
    """Read the multipliers of a leaf back; rows the table leaves out have multiplier 0.

    Raises
    ------
    KeyError
        If the table names a row that the scenario does not have.
    """
    prefix = f"{leaf_name(place)}/"
    mine = duals.filter(pl.col("block").str.starts_with(prefix)).partition_by("block", as_dict=True)
    found = {str(block).removeprefix(prefix): frame for (block,), frame in mine.items()}
    own = [b for b in blocks if has_rows(b)]
    rows = {b.name: _vector(b.rows, found.pop(b.name, None)) for b in own}
    prices = _vector(links.labels, found.pop(LINKS, None))
    asked = found.pop(NEGOTIATED, None)
    if found:
        raise KeyError(f"the duals table names block {min(found)!r}, which the scenario does not have")
    return Multipliers(prices, rows, None if asked is None else _vector(links.labels, asked))


def read_known_duals(duals: pl.DataFrame, place: int, blocks: Sequence[Block], links: Links) -> Multipliers:
    """Read the multipliers of a leaf of an earlier plan: rows that are no longer there are passed over."""
    labels = {LINKS: links.labels, NEGOTIATED: links.labels}
    labels |= {block.name: block.rows for block in blocks if has_rows(block)}
    prefix = f"{leaf_name(place)}/"
    mine = duals.filter(pl.col("block").str.starts_with(prefix)).with_columns(pl.col("block").str.slice(len(prefix)))
    known = {name: set(zip(_names(rows), rows.period.tolist(), strict=True)) for name, rows in labels.items()}
    places = mine.select("block", "row", "period").iter_rows()
    keep = [(row, period) in known.get(block, set()) for block, row, period in places]
    kept = mine.filter(pl.Series(keep, dtype=pl.Boolean())).partition_by("block", as_dict=True)
    found = {str(block): frame for (block,), frame in kept.items()}
    vectors = {name: _vector(rows, found.get(name)) for name, rows in labels.items()}
    asked = vectors.pop(NEGOTIATED)
    return Multipliers(vectors.pop(LINKS), vectors, asked if NEGOTIATED in found else None)


def prices_table(given: Multipliers, blocks: Sequence[Block], links: Links) -> pl.DataFrame:
    """Return what one more unit is worth: on the markets, of bought material, of each clause's bound."""
    labels, price = links.labels, -given.links
    keep = [i for i, kind in enumerate(labels.kind) if kind in {"market", "material"}]
    rows: list[tuple[str, str, int | None, float]] = [
        (labels.kind[i], labels.key[i], int(labels.period[i]), float(max(price[i], 0.0))) for i in keep
    ]
    rows += [
        ("clause", clause, None if period == HORIZON else period, worth)
        for (clause, period), worth in clause_prices(given, blocks, links).items()
    ]
    return pl.DataFrame(rows, schema=PLAN_TABLES["prices"], orient="row")


def clause_prices(given: Multipliers, blocks: Sequence[Block], links: Links) -> dict[tuple[str, int], float]:
    """Return the price of every clause and scope: Σ |multiplier| of its rows, by (clause id, period label)."""
    found: dict[tuple[str, int], float] = {}
    parts: list[tuple[Labels, Floats]] = [(b.rows, given.rows[b.name]) for b in blocks if has_rows(b)]
    for labels, dual in [*parts, (links.labels, given.links)]:
        for kind, key, period, y in zip(labels.kind, labels.key, labels.period, dual, strict=True):
            if kind in CLAUSE_ROWS:
                place = (clause_of(key), int(period))
                found[place] = found.get(place, 0.0) + abs(float(y))
    return found


def price_clauses(clauses: pl.DataFrame, prices: Mapping[tuple[str, int], float]) -> pl.DataFrame:
    """Add the price column to the recomputed clause table."""
    places = clauses.select("clause", pl.col("window").fill_null(HORIZON)).iter_rows()
    price = pl.Series("price", [prices.get((clause, window), 0.0) for clause, window in places], dtype=pl.Float64())
    return clauses.with_columns(price).select(list(PLAN_TABLES["clauses"]))


def _names(labels: Labels) -> list[str]:
    return [f"{kind}/{key}" for kind, key in zip(labels.kind, labels.key, strict=True)]


def _rows(block: str, labels: Labels, dual: Floats) -> pl.DataFrame:
    active = np.flatnonzero(dual)
    names = _names(labels)
    return pl.DataFrame(
        {
            "block": [block] * len(active),
            "row": [names[i] for i in active],
            "period": labels.period[active].astype(np.int64),
            "dual": dual[active],
        },
        schema=PLAN_TABLES["duals"],
    )


def _vector(labels: Labels, frame: pl.DataFrame | None) -> Floats:
    dual = np.zeros(len(labels))
    if frame is not None:
        place = {label: i for i, label in enumerate(zip(_names(labels), labels.period.tolist(), strict=True))}
        for row, period, value in frame.select("row", "period", "dual").iter_rows():
            dual[place[row, period]] = value
    return dual

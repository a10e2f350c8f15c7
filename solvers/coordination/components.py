"""Blocks that fall apart are smaller blocks: their hulls multiply, so the bound stays and pricing gets cheaper.

Two columns belong together when a row of their block has entries in both; a column that can only be 0 holds nothing
together, and its entries in any row are left out, which changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solvers.coordination.block_problem import BlockProblem, Part, from_program
from solvers.core.program import Bools, Ints, SparseRows


def split_components(problem: BlockProblem) -> BlockProblem:
    """Return the same problem with every block split into its connected components, in the order of their columns."""
    return _join([piece for b, part in enumerate(problem.blocks) for piece in _pieces(problem, b, part)], problem)


def _pieces(problem: BlockProblem, block: int, part: Part) -> list[tuple[Part, Ints]]:
    """Return the components of a block, each with the place of its columns in the whole."""
    program, place = part.program, problem.columns_of(block)
    nothing = (program.lower == 0) & (program.upper == 0)
    program = replace(program, rows=_without(program.rows, nothing))
    labels = _labels(program.rows)
    row_labels, column_labels = labels[: program.rows.rows], labels[program.rows.rows :]
    split = from_program(program, row_labels, column_labels)
    if len(split.blocks) == 1:
        whole = replace(part, program=program, links=_without(part.links, nothing))
        return [(whole, place)]
    pieces = []
    for p, piece in enumerate(split.blocks):
        own = split.columns_of(p)
        offset = part.program.offset if p == 0 else 0.0
        pieces.append(
            (
                Part(
                    f"{part.name}.{p}",
                    replace(piece.program, offset=offset),
                    _columns(_without(part.links, nothing), own),
                ),
                place[own],
            )
        )
    return pieces


def _labels(rows: SparseRows) -> Ints:
    """Return the component of every row and column, numbered by first column."""
    size = rows.rows + rows.columns
    edges = coo_array((np.ones(len(rows.index)), (rows.row_of_entry(), rows.rows + rows.index)), shape=(size, size))
    _, label = connected_components(edges, directed=False)
    order = label[np.concatenate([np.arange(rows.rows, size), np.arange(rows.rows)])]
    _, first = np.unique(order, return_index=True)
    number = np.empty(len(first), dtype=np.int32)
    number[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
    renumbered: Ints = number[label]
    return renumbered


def _without(rows: SparseRows, dropped: Bools) -> SparseRows:
    kept = ~dropped[rows.index]
    return SparseRows.from_triplets(
        rows.row_of_entry()[kept], rows.index[kept], rows.value[kept], rows.rows, rows.columns
    )


def _columns(rows: SparseRows, columns: Ints) -> SparseRows:
    number = np.full(rows.columns, -1)
    number[columns] = np.arange(len(columns))
    j = number[rows.index]
    kept = j >= 0
    return SparseRows.from_triplets(rows.row_of_entry()[kept], j[kept], rows.value[kept], rows.rows, len(columns))


def _join(pieces: list[tuple[Part, Ints]], problem: BlockProblem) -> BlockProblem:
    place = np.concatenate([*(place for _, place in pieces), problem.columns_of(len(problem.blocks))])
    return replace(problem, blocks=tuple(part for part, _ in pieces), place=place.astype(np.int32))

"""Tables of a plan take the one order of their keys, from whatever order they come in."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.plan import PLAN_KEYS, PLAN_TABLES
from planner.domain.plan_form import canonical_table

CLAUSES = pl.DataFrame(schema=PLAN_TABLES["clauses"])


@given(rows=st.lists(st.tuples(st.sampled_from("aBé"), st.none() | st.integers(0, 2), st.integers(0, 9))))
def test_rows_stand_in_the_order_of_their_keys_with_empty_ones_first(rows: list[tuple[str, int | None, int]]) -> None:
    """Rows of equal keys keep their order, and a table in its order is left as it is."""
    clause, window, measure = zip(*rows, strict=True) if rows else ((), (), ())
    given_rows = pl.DataFrame({"clause": clause, "window": window, "measure": measure})
    table = canonical_table("clauses", pl.concat([CLAUSES, given_rows], how="diagonal_relaxed"))
    expected = sorted(rows, key=lambda row: (row[0].encode(), row[1] is not None, row[1] or 0))
    assert table.select("clause", "window", "measure").rows() == expected
    assert canonical_table("clauses", table).equals(table)


@pytest.mark.parametrize("name", sorted(PLAN_TABLES))
def test_a_table_without_rows_has_its_columns(name: str) -> None:
    """Nothing decided is a table, too."""
    empty = pl.DataFrame(schema=PLAN_TABLES[name])
    assert canonical_table(name, empty).schema == empty.schema
    assert set(PLAN_KEYS[name]) <= set(empty.columns)

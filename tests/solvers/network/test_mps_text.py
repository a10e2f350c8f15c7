"""Programs as MPS text, read back by HiGHS."""

from __future__ import annotations

from pathlib import Path

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.core.errors import InvalidProgram
from solvers.core.program import Program, SparseRows
from solvers.core.termination import Termination
from solvers.network.block import BlockBuilder, Labels, Links
from solvers.network.mps import MpsNames, mps_lines
from solvers.network.names import column_names, row_names

INF = np.inf


def read_back(file: Path, lines: list[str]) -> highspy.Highs:
    """HiGHS with the model of these lines."""
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    engine = highspy.Highs()
    engine.setOptionValue("output_flag", False)
    engine.setOptionValue("threads", 1)
    assert engine.readModel(str(file)) == highspy.HighsStatus.kOk
    return engine


def numbered(program: Program) -> MpsNames:
    """Names that say nothing."""
    return MpsNames("numbered", [f"r{i}" for i in range(program.rows.rows)], [f"c{j}" for j in range(program.columns)])


def random_program(seed: int) -> Program:
    """A program with every kind of row and bound, feasible at a point of whole numbers."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 7)), int(rng.integers(1, 7))
    point, dense = rng.integers(-3, 4, n).astype(float), rng.integers(-2, 3, (m, n)) * rng.choice([1.0, 1 / 3])
    i, j = np.nonzero(dense)
    activity = dense @ point
    lower = np.where(rng.random(n) < 0.2, -INF, point - rng.integers(0, 3, n))
    upper = np.where(rng.random(n) < 0.2, INF, point + rng.integers(0, 3, n))
    return Program(
        objective=rng.integers(-3, 4, n) * 1.1,
        lower=lower,
        upper=upper,
        integer=rng.random(n) < 0.5,
        rows=SparseRows.from_triplets(i, j, dense[i, j], m, n),
        row_lower=np.where(rng.random(m) < 0.4, -INF, activity - rng.integers(0, 2, m)),
        row_upper=np.where(rng.random(m) < 0.4, INF, activity + rng.integers(0, 2, m)),
        offset=float(rng.integers(-2, 3)) / 7,
    )


def as_dense(program: Program) -> np.ndarray:
    """The matrix of a program."""
    dense = np.zeros((program.rows.rows, program.columns))
    dense[program.rows.row_of_entry(), program.rows.index] = program.rows.value
    return dense


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_what_is_read_back_is_what_was_written(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Bounds, costs, matrix, integrality and constant come back as the same numbers, free rows left out."""
    program = random_program(seed)
    kept = np.isfinite(program.row_lower) | np.isfinite(program.row_upper)
    lp = read_back(tmp_path_factory.mktemp("mps") / "m.mps", list(mps_lines(program, numbered(program)))).getLp()
    np.testing.assert_array_equal(lp.col_cost_, -program.objective)
    np.testing.assert_array_equal(lp.col_lower_, program.lower)
    np.testing.assert_array_equal(lp.col_upper_, program.upper)
    np.testing.assert_allclose(lp.row_upper_, program.row_upper[kept], rtol=1e-15)
    np.testing.assert_allclose(lp.row_lower_, program.row_lower[kept], rtol=1e-15, atol=1e-14)
    assert lp.offset_ == -program.offset
    whole = [kind == highspy.HighsVarType.kInteger for kind in lp.integrality_] or [False] * program.columns
    assert whole == program.integer.tolist()
    dense = np.zeros((kept.sum(), program.columns))
    columns = np.repeat(np.arange(program.columns), np.diff(lp.a_matrix_.start_))
    dense[np.array(lp.a_matrix_.index_, dtype=int), columns] = lp.a_matrix_.value_
    np.testing.assert_array_equal(dense, as_dense(program)[kept])


@pytest.mark.parametrize("seed", range(20))
def test_the_optimum_is_the_same(tmp_path: Path, seed: int) -> None:
    """HiGHS finds minus the optimum of the program in the file."""
    program = random_program(seed)
    expected = backend("highs").load(program).solve()
    engine = read_back(tmp_path / "m.mps", list(mps_lines(program, numbered(program))))
    engine.run()
    if expected.termination is Termination.OPTIMAL:
        assert -engine.getInfo().objective_function_value == pytest.approx(expected.objective, abs=1e-6)
    else:
        assert engine.getModelStatus() != highspy.HighsModelStatus.kOptimal


def test_names_are_read_back_and_carry_the_labels(tmp_path: Path) -> None:
    """Blanks and foreign letters are encoded, repeated labels numbered, the horizon is called all."""
    builder = BlockBuilder("plant:A 1")
    columns = builder.add_columns("made", ["Käse", "Käse", "a.b"], [0, 0, -1], upper=1.0, objective=1.0)
    builder.add_entries(builder.add_rows("C-7/budget", ["x"], -1, upper=1.0), columns, 1.0)
    builder.add_links(0, columns, 1.0)
    block = builder.build(1)
    links = Links(Labels(("parity",), ("C 9@a~b",), np.array([2], dtype=np.int32)), np.array([-INF]), np.array([2.0]))
    names = MpsNames("n", row_names([block], links), column_names([block]))
    assert names.columns == (
        "plant:A%201.made.K%C3%A4se.0",
        "plant:A%201.made.K%C3%A4se.0~2",
        "plant:A%201.made.a.b.all",
    )
    assert names.rows == ("plant:A%201.C-7/budget.x.all", "link.parity.C%209@a~b.2")
    rows = SparseRows.from_triplets([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2], np.ones(6), 2, 3)
    program = Program(
        block.program.objective,
        block.program.lower,
        block.program.upper,
        block.program.integer,
        rows,
        np.full(2, -INF),
        np.array([1.0, 2.0]),
    )
    lp = read_back(tmp_path / "m.mps", list(mps_lines(program, names, ["a", "b\nc"]))).getLp()
    assert tuple(lp.col_names_) == names.columns
    assert tuple(lp.row_names_) == names.rows


@pytest.mark.parametrize("rows", [["a b"], [""], ["minus-value"], ["r", "r"]])
def test_names_that_no_reader_could_tell_apart_are_refused(rows: list[str]) -> None:
    """Blanks, empty names, repeated names and the objective's own name are refused."""
    with pytest.raises(InvalidProgram, match="name"):
        MpsNames("n", rows, ["c"])


def test_names_must_be_as_many_as_rows_and_columns() -> None:
    """A name too few is refused with the numbers needed."""
    program = random_program(1)
    with pytest.raises(InvalidProgram, match="need as many names"):
        list(mps_lines(program, MpsNames("n", ["r"] * 0, ["c"] * 0)))

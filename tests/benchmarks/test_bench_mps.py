"""The reader of exported models: every section, and the solver's own writer as the other side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solvers.backends.highs import HighsBackend
from solvers.core.program import Program, SparseRows
from solvers.network.mps_reader import MpsUnreadable, read_mps

EVERY_SECTION = """* a comment
NAME knapsack
OBJSENSE
    MAX
ROWS
 N value
 L weight
 G least
 E exact
COLUMNS
    MARKER 'MARKER' 'INTORG'
    a value 3 weight 2
    b value 5 weight 4
    MARKER 'MARKER' 'INTEND'
    c value 1 least 1
    c exact 1
RHS
    RHS weight 5 least 1
    RHS exact 2 value -7
RANGES
    RNG least 3
    RNG exact -1
BOUNDS
 UP BND b 2
 FR BND c
ENDATA
"""


def test_every_section_is_read(tmp_path: Path) -> None:
    """Rows, ranges, bounds, integrality, sense and the constant of the objective arrive as written."""
    file = tmp_path / "model.mps"
    file.write_text(EVERY_SECTION, encoding="utf-8")
    program = read_mps(file)
    np.testing.assert_array_equal(program.objective, [3.0, 5.0, 1.0])
    np.testing.assert_array_equal(program.integer, [True, True, False])
    np.testing.assert_array_equal(program.lower, [0.0, 0.0, -np.inf])
    np.testing.assert_array_equal(program.upper, [1.0, 2.0, np.inf])
    np.testing.assert_array_equal(program.row_lower, [-np.inf, 1.0, 1.0])
    np.testing.assert_array_equal(program.row_upper, [5.0, 4.0, 2.0])
    np.testing.assert_array_equal(program.rows.times(np.array([1.0, 2.0, 3.0])), [10.0, 3.0, 3.0])
    assert program.offset == 7.0


def test_a_minimisation_becomes_the_maximisation_of_its_negative(tmp_path: Path) -> None:
    """Without a sense a file minimises, and the program maximises the negative."""
    file = tmp_path / "model.mps"
    file.write_text(EVERY_SECTION.replace("OBJSENSE\n    MAX\n", ""), encoding="utf-8")
    program = read_mps(file)
    np.testing.assert_array_equal(program.objective, [-3.0, -5.0, -1.0])
    assert program.offset == -7.0


@pytest.mark.parametrize(
    "damage", [("weight 5", "wait 5"), ("a value 3", "a value three"), (" UP BND b 2", " UX BND b 2")]
)
def test_a_line_that_does_not_fit_is_named(tmp_path: Path, damage: tuple[str, str]) -> None:
    """An unknown row, a number that is none and an unknown bound are refused with the number of their line."""
    file = tmp_path / "model.mps"
    file.write_text(EVERY_SECTION.replace(*damage), encoding="utf-8")
    line = next(n for n, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if damage[1] in text)
    with pytest.raises(MpsUnreadable, match=f"line {line} "):
        read_mps(file)


def test_what_the_solver_writes_is_read_back(tmp_path: Path) -> None:
    """A program written by the solver's own writer has the same optimum after reading."""
    program = Program(
        objective=np.array([3.0, 5.0, -1.0]),
        lower=np.array([0.0, 0.0, -2.0]),
        upper=np.array([4.0, 3.0, np.inf]),
        integer=np.array([True, True, False]),
        rows=SparseRows.from_triplets([0, 0, 1, 1], [0, 1, 1, 2], [2.0, 3.0, 1.0, 1.0], 2, 3),
        row_lower=np.array([-np.inf, 1.5]),
        row_upper=np.array([11.0, 6.0]),
        offset=2.5,
    )
    written = HighsBackend().load(program)
    written.write(str(tmp_path / "model.mps"))
    again = HighsBackend().load(read_mps(tmp_path / "model.mps")).solve()
    assert again.objective == pytest.approx(written.solve().objective)

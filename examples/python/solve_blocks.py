"""Solve a block-angular program from files, without any server: ``python solve_blocks.py MODEL.mps``.

The blocks stand in ``MODEL.block`` beside it.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from solvers.backends.registry import backend
from solvers.coordination.block_files import read_block_mip
from solvers.coordination.block_result import BlockLimits, Moment
from solvers.coordination.solve import solve_blocks
from solvers.coordination.verify import check_point
from solvers.core.errors import SolverError


def main(model: Path, limits: BlockLimits) -> None:
    """Read, solve, check, tell."""
    given = read_block_mip(model)
    problem = given.problem()
    print(f"{given.blocks} blocks, {problem.links} linking rows, {problem.columns} columns")
    # Everything is maximised inside; people want the numbers of their own file.
    sign = 1.0 if given.model.maximise else -1.0

    def progress(moment: Moment) -> None:
        value = f"{sign * moment.value:,.2f}" if math.isfinite(moment.value) else "none yet"
        print(f"{moment.engine}: value {value}, bound {sign * moment.bound:,.2f}")

    found = solve_blocks(problem, backend=backend("highs"), limits=limits, progress=progress)
    if found.x is None:
        sys.exit(f"no solution: {found.stop.value}")
    # Value and rows are recomputed from the data: nobody has to believe a solver.
    point = check_point(problem, found.x)
    print(f"value {sign * point.value:,.2f}, largest violation {point.violation:.1e}")
    print(f"bound {sign * found.bound:,.2f}, proved by {found.proved_by}, gap {found.gap:.3%}")
    for name, amount in zip(given.model.column_names, found.x, strict=True):
        if abs(amount) > 1e-9:
            print(f"  {name} = {amount:g}")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("model", type=Path, help="NAME.mps or NAME.mps.gz, with NAME.block beside it")
    asked.add_argument("--gap", type=float, default=1e-3, help="relative gap at which it ends")
    asked.add_argument("--seconds", type=float, help="time limit; without one the answer is the same on any machine")
    return asked.parse_args()


if __name__ == "__main__":
    given = arguments()
    try:
        main(given.model, BlockLimits(gap=given.gap, seconds=given.seconds))
    except (SolverError, ValueError) as error:
        sys.exit(str(error))

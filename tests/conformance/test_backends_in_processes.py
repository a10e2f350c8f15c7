"""Backends across processes: the same bytes in each, both import orders of the two libraries, and a clean end."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from solvers.backends.registry import BACKEND_NAMES, backend
from solvers.core.backend import Backend
from solvers.core.errors import Unsupported
from solvers.core.termination import Limits, Solution
from tests.conformance.backend_programs import hard_knapsacks

LIMITS = Limits(nodes=40, gap=0.0, absolute_gap=0.0)
MATH_OPT = "ortools.math_opt.python.mathopt"
CP_SAT = "ortools.sat.python.cp_model_helper"


def answered(solver: Backend) -> Solution:
    """Solve one program to a work limit."""
    return solver.load(hard_knapsacks(16, 2)).solve(limits=LIMITS, relaxed=not solver.capabilities.integers)


def fingerprint(name: str) -> str:
    """Return a digest of the bytes of an answer."""
    answer = answered(backend(name))
    assert answer.x is not None
    return hashlib.sha256(answer.x.tobytes() + repr(answer.bound).encode()).hexdigest()


def python(script: str) -> str:
    """Run a script in a process of its own and return what it prints; it must end well and silently."""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr
    return ran.stdout


def test_the_same_bytes_twice_and_in_another_process() -> None:
    """The same input gives identical bytes in one process and in another, with every backend."""
    here = [fingerprint(name) for name in BACKEND_NAMES]
    assert here == [fingerprint(name) for name in BACKEND_NAMES]
    place = "tests.conformance.test_backends_in_processes"
    names = list(BACKEND_NAMES)
    there = python(f"from {place} import fingerprint\nfor name in {names}:\n    print(fingerprint(name))")
    assert there.split() == here


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    """The registry names what can be chosen."""
    with pytest.raises(Unsupported, match="highs, pyomo, scip"):
        backend("cplex")


ORDER = """
import {first}
import {second}
from solvers.backends.registry import backend
from tests.conformance.backend_programs import KNAPSACK, TWO_ROWS
for name in {names}:
    chosen = backend(name)
    if chosen.capabilities.integers:
        print(chosen.load(KNAPSACK).solve().objective)
    if chosen.capabilities.continuous:
        print(chosen.load(TWO_ROWS).solve().objective + 1.5)
"""


@pytest.mark.parametrize(
    "order",
    [
        ("highspy", MATH_OPT),
        (MATH_OPT, "highspy"),
        pytest.param((CP_SAT, "highspy"), marks=pytest.mark.slow),
        pytest.param(("highspy", CP_SAT), marks=pytest.mark.slow),
    ],
    ids=" then ".join,
)
def test_highspy_and_ortools_live_in_one_process(order: tuple[str, str]) -> None:
    """Imported in either order, both libraries solve by every door: the pin against two clashing libhighs holds."""
    names = sorted(BACKEND_NAMES, reverse=order[0] != "highspy")
    printed = python(ORDER.format(first=order[0], second=order[1], names=names)).split()
    assert len(printed) == 9
    assert [float(line) for line in printed] == pytest.approx([9.0] * 9, abs=1e-4)

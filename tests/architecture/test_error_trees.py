"""The two error trees: one root a floor, a stable code a class, and the tree drawn at the top of its file."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

import planner.domain.errors
import solvers.core.errors
from planner.domain.errors import ConcordatError
from solvers.core.errors import SolverError

TREES = [
    pytest.param(planner.domain.errors, ConcordatError, id="business"),
    pytest.param(solvers.core.errors, SolverError, id="mathematics"),
]


def _classes(module: ModuleType, root: type[Exception]) -> list[type[Exception]]:
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, root) and member.__module__ == module.__name__
    ]


@pytest.mark.parametrize(("module", "root"), TREES)
def test_every_error_has_a_code_of_its_own(module: ModuleType, root: type[Exception]) -> None:
    """Clients tell errors apart by their codes, so no class inherits or repeats one."""
    classes = _classes(module, root)
    codes = [vars(cls).get("code") for cls in classes]
    assert None not in codes
    assert len(set(codes)) == len(classes) > 1


@pytest.mark.parametrize(("module", "root"), TREES)
def test_the_tree_drawn_at_the_top_is_complete(module: ModuleType, root: type[Exception]) -> None:
    """Every error class of a floor stands in the tree that opens its module."""
    drawn = (module.__doc__ or "").split()
    assert [cls.__name__ for cls in _classes(module, root) if cls.__name__ not in drawn] == []

"""The error tree of the mathematics floor.

::

    SolverError
    ├── InvalidProgram     arrays that are not a program (shapes, NaN, crossed bounds)
    ├── InstanceUnreadable  a file that is not what its name says; also a ValueError
    ├── BackendFailure     the foreign library reported an internal failure
    └── Unsupported        the backend does not offer what was asked
"""

from __future__ import annotations


class SolverError(Exception):
    """Root of all errors of the solvers; ``code`` is stable across versions."""

    code = "SOLVER"


class InvalidProgram(SolverError):
    """The arrays do not describe a program."""

    code = "INVALID_PROGRAM"


class InstanceUnreadable(SolverError, ValueError):
    """A file that is not what its folder says; the message names the file, the line, the cause and the cure."""

    code = "INSTANCE_UNREADABLE"


class BackendFailure(SolverError):
    """The foreign solver failed for a reason that is not a property of the program."""

    code = "BACKEND_FAILURE"


class Unsupported(SolverError):
    """The backend does not offer this capability."""

    code = "UNSUPPORTED"

"""The error tree of the business floor.

::

    ConcordatError
    ├── ScenarioUnreadable     a folder or file that cannot be read as `concordat.scenario/1`
    ├── ScenarioInvalid        readable, but some finding stands against it
    ├── PlanUnreadable         a folder that is not a plan
    ├── RequestConflict        the same request id came with other content
    ├── NotFound               a plan, operation or scenario nobody knows
    └── PlanningFailed         planning ended without a result

Every error carries a stable ``code`` and a message that names cause and cure.
"""

from __future__ import annotations


class ConcordatError(Exception):
    """Root of all errors that Concordat raises on purpose; ``code`` is stable across versions."""

    code = "CONCORDAT"


class ScenarioUnreadable(ConcordatError):
    """The folder, or one of its files, cannot be read as `concordat.scenario/1`."""

    code = "SCENARIO_UNREADABLE"


class ScenarioInvalid(ConcordatError):
    """The scenario was read, but at least one finding stands against it."""

    code = "SCENARIO_INVALID"


class PlanUnreadable(ConcordatError):
    """The folder, or one of its files, cannot be read as a plan."""

    code = "PLAN_UNREADABLE"


class RequestConflict(ConcordatError):
    """A request id was used before with other content."""

    code = "REQUEST_CONFLICT"


class NotFound(ConcordatError):
    """The named plan, operation or scenario does not exist here."""

    code = "NOT_FOUND"


class PlanningFailed(ConcordatError):
    """Planning ended without a result."""

    code = "PLANNING_FAILED"

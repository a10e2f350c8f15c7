"""What the exit code of a command says."""

from __future__ import annotations

from planner.domain.errors import (
    AgentBusy,
    AlreadyAccepted,
    ConcordatError,
    FolderNotWritable,
    GridInvalid,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PlanChanged,
    PlanNotReady,
    PlanUnreadable,
    RequestConflict,
    ScenarioInvalid,
    ScenarioUnreadable,
    Unauthenticated,
    UploadRefused,
)

DONE = 0
"""The plan was made, the check holds."""

DOES_NOT_HOLD = 1
"""`verify` found a problem, `validate` a finding, `replay` another plan, `audit verify` a row."""

WRONG_INPUT = 2
"""A wrong option, folder, scenario or request, or one that the caller may not make."""

INFEASIBLE = 3
"""No plan can exist: hard clauses or physical limits cannot hold together."""

NO_PLAN_YET = 4
"""Time ran out, or the plan was cancelled, before any plan was found."""

FAILED = 5
"""The server, the disk or planning itself failed."""

INTERRUPTED = 130
"""Ended by Ctrl-C (or SIGTERM) before there was anything to keep."""

_INPUT = (
    AgentBusy,
    AlreadyAccepted,
    FolderNotWritable,
    GridInvalid,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PlanChanged,
    PlanNotReady,
    PlanUnreadable,
    RequestConflict,
    ScenarioInvalid,
    ScenarioUnreadable,
    Unauthenticated,
    UploadRefused,
)


def exit_code(error: ConcordatError) -> int:
    """Return the exit code that tells an error."""
    return WRONG_INPUT if isinstance(error, _INPUT) else FAILED

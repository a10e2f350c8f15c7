"""The error tree of the business floor.

::

    ConcordatError
    ├── ScenarioUnreadable     a folder or file that cannot be read as `concordat.scenario/1`
    ├── ScenarioInvalid        readable, but some finding stands against it
    ├── GridInvalid            a grid of what-if questions that cannot be asked
    ├── PlanUnreadable         a folder that is not a plan
    ├── InvalidRequest         a request whose own fields are wrong
    ├── UploadRefused          a file that is no part of a scenario, or too large
    ├── RequestConflict        the same request id came with other content
    ├── NotFound               a plan, operation or scenario nobody knows
    ├── PlanNotReady           a plan without a folder: still running, or ended without one
    │   └── PlanFolderExpired  a plan whose folder was removed, being older than plans are kept
    ├── PlanChanged            something else than what the requester looked at
    ├── AlreadyAccepted        a plan that somebody else accepted before
    ├── PlanningFailed         planning ended without a result
    ├── QueueFull              more plans wait already than the server lets
    ├── QuoteFailed            no answer to a question about one more order
    ├── AgentBusy              an agent that is part of a run
    ├── WhatIfBusy             a what-if job with an execution that waits or runs
    ├── FolderNotWritable      a folder that cannot be written, or holds something else
    │   └── FolderFull         its disk has no room left
    ├── StorageFailure         the disk or database of a server failed
    │   ├── StorageFull        it has no room left; somebody must make some
    │   └── StorageUnavailable it does not answer now; trying again may help
    ├── Unauthenticated        nobody we know is asking
    ├── PermissionDenied       whoever asks may not, or there is no such thing for them
    ├── TooManyCalls           a client calls more often than the server lets it
    ├── PoliciesInvalid        policies of access that cannot be read, or do not fit their schema
    ├── AuditUnavailable       a decision could not be written to the audit log, so that nothing was done
    └── ServerUnavailable      no server answers, or it went away

Every error carries a stable ``code`` and a message that names cause and cure.
"""

from __future__ import annotations

from collections.abc import Sequence

from planner.domain.finding import Finding, format_findings
from planner.domain.grid_finding import GridFinding


class ConcordatError(Exception):
    """Root of all errors that Concordat raises on purpose; ``code`` is stable across versions."""

    code = "CONCORDAT"


class ScenarioUnreadable(ConcordatError):
    """The folder, or one of its files, cannot be read as `concordat.scenario/1`."""

    code = "SCENARIO_UNREADABLE"


class ScenarioInvalid(ConcordatError):
    """The scenario was read, but at least one finding stands against it; ``findings`` holds them all."""

    code = "SCENARIO_INVALID"

    def __init__(self, scenario: str, findings: Sequence[Finding]) -> None:
        super().__init__(f"scenario {scenario} is not valid; correct these cells:\n{format_findings(findings)}")
        self.findings = tuple(findings)


class GridInvalid(ConcordatError):
    """The file of a grid of what-if questions cannot be read, or its base cannot be asked so; ``findings`` say why."""

    code = "GRID_INVALID"

    def __init__(self, file: str, findings: Sequence[GridFinding]) -> None:
        lines = "\n".join(finding.at(file) for finding in findings)
        super().__init__(f"the grid cannot be asked; correct these places:\n{lines}")
        self.findings = tuple(findings)


class PlanUnreadable(ConcordatError):
    """The folder, or one of its files, cannot be read as a plan."""

    code = "PLAN_UNREADABLE"


class InvalidRequest(ConcordatError):
    """A field of the request itself is wrong; ``field`` names it."""

    code = "INVALID_REQUEST"

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UploadRefused(ConcordatError):
    """An uploaded file is no part of `concordat.scenario/1`, comes twice, or is too large."""

    code = "UPLOAD_REFUSED"


class RequestConflict(ConcordatError):
    """A request id was used before with other content."""

    code = "REQUEST_CONFLICT"


class NotFound(ConcordatError):
    """The named plan, operation or scenario does not exist here."""

    code = "NOT_FOUND"


class PlanNotReady(ConcordatError):
    """The plan has no folder: it still runs, or it ended without one."""

    code = "PLAN_NOT_READY"


class PlanFolderExpired(PlanNotReady):
    """The plan was made, but its folder was removed since: it was older than plans are kept here."""

    code = "PLAN_FOLDER_EXPIRED"


class PlanChanged(ConcordatError):
    """The plan is no longer, or never was, what the requester's etag names; ``etag`` names what there is now."""

    code = "PLAN_CHANGED"

    def __init__(self, message: str, etag: str = "") -> None:
        super().__init__(message)
        self.etag = etag


class AlreadyAccepted(ConcordatError):
    """Somebody else accepted the plan, or another state of it, before."""

    code = "ALREADY_ACCEPTED"


class PlanningFailed(ConcordatError):
    """Planning ended without a result."""

    code = "PLANNING_FAILED"


class QueueFull(ConcordatError):
    """More plans wait than the server lets, or one more would come too late; ``retry_seconds`` is how long to wait."""

    code = "QUEUE_FULL"

    def __init__(self, message: str, retry_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class QuoteFailed(ConcordatError):
    """Whether, when and at what cost one more order could be served was not found out."""

    code = "QUOTE_FAILED"


class AgentBusy(ConcordatError):
    """An agent is part of a run that goes on; what is asked must wait for its end."""

    code = "AGENT_BUSY"


class WhatIfBusy(ConcordatError):
    """An execution of a what-if job waits or runs; what is asked must wait for its end."""

    code = "WHAT_IF_BUSY"


class FolderNotWritable(ConcordatError):
    """The folder cannot be written, or holds something else that writing would destroy."""

    code = "FOLDER_NOT_WRITABLE"


class FolderFull(FolderNotWritable):
    """The disk of a folder has no room left."""

    code = "FOLDER_FULL"


class StorageFailure(ConcordatError):
    """The disk or the database of a server failed."""

    code = "STORAGE_FAILURE"


class StorageFull(StorageFailure):
    """The disk or the database of a server has no room left; once somebody made some, trying again helps."""

    code = "STORAGE_FULL"


class StorageUnavailable(StorageFailure):
    """The database does not answer, or is busy; trying again may help."""

    code = "STORAGE_UNAVAILABLE"


class Unauthenticated(ConcordatError):
    """Nobody we know is asking: no credentials, or none that hold."""

    code = "UNAUTHENTICATED"


class PermissionDenied(ConcordatError):
    """Whoever asks may not; says the same of what does not exist, so that nobody learns what does."""

    code = "PERMISSION_DENIED"


class TooManyCalls(ConcordatError):
    """A client calls more often than the server lets it; ``retry_seconds`` is how long to wait."""

    code = "TOO_MANY_CALLS"

    def __init__(self, message: str, retry_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class PoliciesInvalid(ConcordatError):
    """The policies of access cannot be read, or do not fit their schema: nobody is let in by them."""

    code = "POLICIES_INVALID"


class AuditUnavailable(ConcordatError):
    """A decision could not be written to the audit log, so that nothing was done."""

    code = "AUDIT_UNAVAILABLE"


class ServerUnavailable(ConcordatError):
    """No server answers, or it went away."""

    code = "SERVER_UNAVAILABLE"

"""The one place where errors of the business become statuses of gRPC."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2, error_details_pb2, status_pb2  # type: ignore[import-untyped]  # ships no types

from planner.domain.errors import (
    AgentBusy,
    AlreadyAccepted,
    AuditUnavailable,
    ConcordatError,
    GridInvalid,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PlanChanged,
    PlanNotReady,
    PlanUnreadable,
    QueueFull,
    QuoteFailed,
    RequestConflict,
    ScenarioInvalid,
    ScenarioUnreadable,
    StorageFailure,
    StorageUnavailable,
    TooManyCalls,
    Unauthenticated,
    UploadRefused,
    WhatIfBusy,
)
from planner.domain.finding import PRINTED, Finding
from planner.domain.grid_finding import GridFinding

DOMAIN = "concordat"
VIOLATIONS_BYTES = 5000
"""Details travel in the trailer, where clients accept 8 KiB unless told otherwise; all findings: ``ListFindings``."""

_LONGEST_MESSAGE = 1000

_STATUS: tuple[tuple[type[ConcordatError], grpc.StatusCode], ...] = (
    (Unauthenticated, grpc.StatusCode.UNAUTHENTICATED),
    (PermissionDenied, grpc.StatusCode.PERMISSION_DENIED),
    (TooManyCalls, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (QueueFull, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (AuditUnavailable, grpc.StatusCode.UNAVAILABLE),
    (InvalidRequest, grpc.StatusCode.INVALID_ARGUMENT),
    (UploadRefused, grpc.StatusCode.INVALID_ARGUMENT),
    (ScenarioUnreadable, grpc.StatusCode.INVALID_ARGUMENT),
    (ScenarioInvalid, grpc.StatusCode.INVALID_ARGUMENT),
    (GridInvalid, grpc.StatusCode.INVALID_ARGUMENT),
    (RequestConflict, grpc.StatusCode.ALREADY_EXISTS),
    (NotFound, grpc.StatusCode.NOT_FOUND),
    (PlanNotReady, grpc.StatusCode.FAILED_PRECONDITION),
    (AgentBusy, grpc.StatusCode.FAILED_PRECONDITION),
    (WhatIfBusy, grpc.StatusCode.FAILED_PRECONDITION),
    (AlreadyAccepted, grpc.StatusCode.FAILED_PRECONDITION),
    (PlanChanged, grpc.StatusCode.ABORTED),
    (PlanUnreadable, grpc.StatusCode.DATA_LOSS),
    (QuoteFailed, grpc.StatusCode.FAILED_PRECONDITION),
    (StorageUnavailable, grpc.StatusCode.UNAVAILABLE),
    (StorageFailure, grpc.StatusCode.INTERNAL),
)


def status_code(error: ConcordatError) -> grpc.StatusCode:
    """Return the gRPC status an error is told with."""
    return next((code for kind, code in _STATUS if isinstance(error, kind)), grpc.StatusCode.INTERNAL)


def rich_status(error: ConcordatError) -> status_pb2.Status:
    """Return the full status of an error.

    ``ErrorInfo`` carries its code, ``BadRequest`` what is wrong with the input, ``RetryInfo`` how long to wait.
    """
    info = error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN)
    details = [info]
    message = str(error)
    if isinstance(error, ScenarioInvalid):
        info.metadata["findings"] = str(len(error.findings))
        message = f"the scenario is not valid: {len(error.findings)} findings, first {error.findings[0]}"
        details.append(_bad_request(error.findings))
    elif isinstance(error, GridInvalid):
        info.metadata["findings"] = str(len(error.findings))
        details.append(_told_lines(error.findings))
    elif isinstance(error, PlanChanged):
        info.metadata["etag"] = error.etag
    elif isinstance(error, TooManyCalls | QueueFull):
        wait = error_details_pb2.RetryInfo()
        wait.retry_delay.FromNanoseconds(round(error.retry_seconds * 1e9))
        details.append(wait)
    elif isinstance(error, InvalidRequest) and error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=_cut(message))
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    number = code_pb2.Code.Value(status_code(error).name)
    return status_pb2.Status(code=number, message=_cut(message), details=[_packed(detail) for detail in details])


def _told_lines(findings: Iterable[GridFinding]) -> error_details_pb2.BadRequest:
    return _fitting(
        (finding.path or "grid", f"line {finding.line}: {finding.message}" if finding.line else finding.message)
        for finding in findings
    )


def _bad_request(findings: Iterable[Finding]) -> error_details_pb2.BadRequest:
    return _fitting((_cell(finding), f"{finding.rule}: {finding.message}") for finding in findings)


def _cell(finding: Finding) -> str:
    row = "" if finding.row is None else f"[{finding.row}]"
    return f"{finding.table}{row}" + (f".{finding.column}" if finding.column else "")


def _fitting(violations: Iterable[tuple[str, str]]) -> error_details_pb2.BadRequest:
    """Return fields and what is wrong with them, as many as a trailer may hold."""
    request, size = error_details_pb2.BadRequest(), 0
    for field, description in islice(violations, PRINTED):
        violation = error_details_pb2.BadRequest.FieldViolation(field=_cut(field), description=_cut(description))
        size += violation.ByteSize() + 4
        if size > VIOLATIONS_BYTES:
            break
        request.field_violations.append(violation)
    return request


def _packed(detail: Any) -> Any:
    packed = Any()
    packed.Pack(detail)
    return packed


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"

"""The one place where statuses of gRPC become errors of the business again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # ships no types
from grpc_status import rpc_status

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
    PlanFolderExpired,
    PlanNotReady,
    PlanUnreadable,
    QueueFull,
    QuoteFailed,
    RequestConflict,
    ScenarioInvalid,
    ScenarioUnreadable,
    ServerUnavailable,
    StorageFailure,
    StorageFull,
    StorageUnavailable,
    TooManyCalls,
    Unauthenticated,
    UploadRefused,
    WhatIfBusy,
)
from planner.domain.finding import Finding
from planner.domain.grid_finding import GridFinding

_BY_REASON: dict[str, type[ConcordatError]] = {
    kind.code: kind
    for kind in (
        AgentBusy,
        AlreadyAccepted,
        AuditUnavailable,
        InvalidRequest,
        NotFound,
        PlanFolderExpired,
        PermissionDenied,
        PlanNotReady,
        PlanUnreadable,
        QuoteFailed,
        RequestConflict,
        ScenarioUnreadable,
        StorageFailure,
        StorageFull,
        StorageUnavailable,
        Unauthenticated,
        UploadRefused,
        WhatIfBusy,
    )
}

_BUSY: dict[str, type[QueueFull | TooManyCalls]] = {kind.code: kind for kind in (QueueFull, TooManyCalls)}

GRID = "grid"
"""What a server calls the text of a grid, and the place of a finding about it as a whole."""

_PAUSE_SECONDS = 1.0
"""After which a busy server is asked again that does not say when."""

_GONE = {
    grpc.StatusCode.UNAVAILABLE: "no server answers",
    grpc.StatusCode.CANCELLED: "the server broke off the call",
    grpc.StatusCode.DEADLINE_EXCEEDED: "the server did not answer in time",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "the server is too busy",
}


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Raise errors of gRPC as those of the business; ``address`` is named where no server answers."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise business_error(error, address) from error


def business_error(error: grpc.aio.AioRpcError, address: str) -> ConcordatError:
    """Return the error of the business that a status tells."""
    reason = _reason(error)
    if reason in (ScenarioInvalid.code, GridInvalid.code):
        return _invalid(reason, address, _violations(error))
    if reason == PlanChanged.code:
        return PlanChanged(error.details() or reason, _etag(error))
    if reason in _BUSY:
        return _BUSY[reason](error.details() or reason, retry_delay(error) or _PAUSE_SECONDS)
    if reason in _BY_REASON:
        return _BY_REASON[reason](error.details() or reason)
    if error.code() in _GONE:
        return ServerUnavailable(
            f"{_GONE[error.code()]} at {address}: {error.details()}; check the address and that the server runs"
        )
    return ConcordatError(f"the server at {address} reports {error.code().name}: {error.details()}")


def retry_delay(error: grpc.aio.AioRpcError) -> float | None:
    """Return the seconds after which the server asks to be called again (``google.rpc.RetryInfo``), if it says so."""
    info = error_details_pb2.RetryInfo()
    delays = (info.retry_delay.ToNanoseconds() / 1e9 for detail in _details(error) if detail.Unpack(info))
    return next((max(0.0, delay) for delay in delays), None)


def _reason(error: grpc.aio.AioRpcError) -> str:
    info = error_details_pb2.ErrorInfo()
    return next((str(info.reason) for detail in _details(error) if detail.Unpack(info)), "")


def _etag(error: grpc.aio.AioRpcError) -> str:
    info = error_details_pb2.ErrorInfo()
    return next((str(info.metadata["etag"]) for detail in _details(error) if detail.Unpack(info)), "")


def _violations(error: grpc.aio.AioRpcError) -> tuple[tuple[str, str], ...]:
    """Return place and text of what fitted into the trailer; all of a stored scenario come from ``ListFindings``."""
    wrong = error_details_pb2.BadRequest()
    for detail in _details(error):
        if detail.Unpack(wrong):
            return tuple((violation.field, violation.description) for violation in wrong.field_violations)
    return ()


def _invalid(reason: str, address: str, told: Iterable[tuple[str, str]]) -> ScenarioInvalid | GridInvalid:
    if reason == GridInvalid.code:
        return GridInvalid(GRID, [_grid_finding(*each) for each in told])
    return ScenarioInvalid(f"sent to {address}", [_finding(*each) for each in told])


def _finding(field: str, description: str) -> Finding:
    place, _, column = field.removeprefix("scenario.json").partition(".")
    if field.startswith("scenario.json"):
        place = f"scenario.json{place}"
    table, _, row = place.partition("[")
    rule, _, message = description.partition(": ")
    number = int(row[:-1]) if row[:-1].isdigit() else None
    return Finding(table=table, row=number, column=column, rule=rule, value="", message=message)


def _grid_finding(field: str, description: str) -> GridFinding:
    line, _, message = description.removeprefix("line ").partition(": ")
    placed = description.startswith("line ") and line.isdigit()
    path = "" if field == GRID else field
    return GridFinding(path, message if placed else description, int(line) if placed else 0)


def _details(error: grpc.aio.AioRpcError) -> tuple[Any, ...]:
    # An error of grpc.aio answers the questions that are asked of a call here, which the stubs do not know.
    call: Any = error
    status = rpc_status.from_call(call)
    return () if status is None else tuple(status.details)

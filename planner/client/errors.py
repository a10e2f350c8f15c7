"""The one place where statuses of gRPC become errors of the business again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # ships no types
from grpc_status import rpc_status

from planner.domain.errors import (
    ConcordatError,
    InvalidRequest,
    NotFound,
    PlanNotReady,
    PlanUnreadable,
    RequestConflict,
    ScenarioInvalid,
    ScenarioUnreadable,
    ServerUnavailable,
    StorageFailure,
    UploadRefused,
)

_BY_REASON: dict[str, type[ConcordatError]] = {
    kind.code: kind
    for kind in (
        InvalidRequest,
        NotFound,
        PlanNotReady,
        PlanUnreadable,
        RequestConflict,
        ScenarioUnreadable,
        StorageFailure,
        UploadRefused,
    )
}

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
    if reason == ScenarioInvalid.code:
        # The findings themselves come from ListFindings: a trailer is too small for them.
        return ScenarioInvalid(address, ())
    if reason in _BY_REASON:
        return _BY_REASON[reason](error.details() or reason)
    if error.code() in _GONE:
        return ServerUnavailable(
            f"{_GONE[error.code()]} at {address}: {error.details()}; check the address and that the server runs"
        )
    return ConcordatError(f"the server at {address} reports {error.code().name}: {error.details()}")


def _reason(error: grpc.aio.AioRpcError) -> str:
    # An error of grpc.aio answers the questions that are asked of a call here, which the stubs do not know.
    call: Any = error
    status = rpc_status.from_call(call)
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return ""

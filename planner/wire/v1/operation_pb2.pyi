from planner.wire.v1 import plan_pb2 as _plan_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Operation(_message.Message):
    __slots__ = ("name", "done", "progress", "plan")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    name: str
    done: bool
    progress: Progress
    plan: _plan_pb2.Plan
    def __init__(self, name: _Optional[str] = ..., done: _Optional[bool] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., plan: _Optional[_Union[_plan_pb2.Plan, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("seconds", "phase", "value", "bound", "gap", "etag")
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    seconds: float
    phase: str
    value: float
    bound: float
    gap: float
    etag: str
    def __init__(self, seconds: _Optional[float] = ..., phase: _Optional[str] = ..., value: _Optional[float] = ..., bound: _Optional[float] = ..., gap: _Optional[float] = ..., etag: _Optional[str] = ...) -> None: ...

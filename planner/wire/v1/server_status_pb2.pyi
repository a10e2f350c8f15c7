import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetServerStatusRequest(_message.Message):
    __slots__ = ("host",)
    HOST_FIELD_NUMBER: _ClassVar[int]
    host: str
    def __init__(self, host: _Optional[str] = ...) -> None: ...

class ServerStatus(_message.Message):
    __slots__ = ("version", "start_time", "uptime", "runtime", "concurrency", "queue_length", "queue_limit", "plans", "hosts", "host_restarts", "what_if_executions")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    UPTIME_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    QUEUE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    QUEUE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    HOST_RESTARTS_FIELD_NUMBER: _ClassVar[int]
    WHAT_IF_EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    version: str
    start_time: _timestamp_pb2.Timestamp
    uptime: _duration_pb2.Duration
    runtime: str
    concurrency: int
    queue_length: int
    queue_limit: int
    plans: _containers.RepeatedCompositeFieldContainer[LivePlan]
    hosts: _containers.RepeatedCompositeFieldContainer[Host]
    host_restarts: int
    what_if_executions: _containers.RepeatedCompositeFieldContainer[LiveWhatIfExecution]
    def __init__(self, version: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., uptime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., runtime: _Optional[str] = ..., concurrency: _Optional[int] = ..., queue_length: _Optional[int] = ..., queue_limit: _Optional[int] = ..., plans: _Optional[_Iterable[_Union[LivePlan, _Mapping]]] = ..., hosts: _Optional[_Iterable[_Union[Host, _Mapping]]] = ..., host_restarts: _Optional[int] = ..., what_if_executions: _Optional[_Iterable[_Union[LiveWhatIfExecution, _Mapping]]] = ...) -> None: ...

class LivePlan(_message.Message):
    __slots__ = ("name", "running", "phase", "gap", "seconds", "priority")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    name: str
    running: bool
    phase: str
    gap: float
    seconds: float
    priority: int
    def __init__(self, name: _Optional[str] = ..., running: _Optional[bool] = ..., phase: _Optional[str] = ..., gap: _Optional[float] = ..., seconds: _Optional[float] = ..., priority: _Optional[int] = ...) -> None: ...

class LiveWhatIfExecution(_message.Message):
    __slots__ = ("name", "running", "done", "total", "seconds")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    running: bool
    done: int
    total: int
    seconds: float
    def __init__(self, name: _Optional[str] = ..., running: _Optional[bool] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., seconds: _Optional[float] = ...) -> None: ...

class Host(_message.Message):
    __slots__ = ("name", "answers")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    answers: bool
    def __init__(self, name: _Optional[str] = ..., answers: _Optional[bool] = ...) -> None: ...

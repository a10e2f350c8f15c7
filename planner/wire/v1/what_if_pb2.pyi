import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WhatIfJob(_message.Message):
    __slots__ = ("name", "scenario", "parameters", "cases", "create_time")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    CASES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    scenario: str
    parameters: WhatIfParameters
    cases: int
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., scenario: _Optional[str] = ..., parameters: _Optional[_Union[WhatIfParameters, _Mapping]] = ..., cases: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WhatIfParameters(_message.Message):
    __slots__ = ("gap", "seconds", "seed")
    GAP_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    gap: float
    seconds: float
    seed: int
    def __init__(self, gap: _Optional[float] = ..., seconds: _Optional[float] = ..., seed: _Optional[int] = ...) -> None: ...

class WhatIfExecution(_message.Message):
    __slots__ = ("name", "state", "done", "total", "create_time", "end_time", "detail")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[WhatIfExecution.State]
        STATE_QUEUED: _ClassVar[WhatIfExecution.State]
        STATE_RUNNING: _ClassVar[WhatIfExecution.State]
        STATE_SUCCEEDED: _ClassVar[WhatIfExecution.State]
        STATE_CANCELLED: _ClassVar[WhatIfExecution.State]
        STATE_FAILED: _ClassVar[WhatIfExecution.State]
    STATE_UNSPECIFIED: WhatIfExecution.State
    STATE_QUEUED: WhatIfExecution.State
    STATE_RUNNING: WhatIfExecution.State
    STATE_SUCCEEDED: WhatIfExecution.State
    STATE_CANCELLED: WhatIfExecution.State
    STATE_FAILED: WhatIfExecution.State
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    name: str
    state: WhatIfExecution.State
    done: int
    total: int
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    detail: str
    def __init__(self, name: _Optional[str] = ..., state: _Optional[_Union[WhatIfExecution.State, str]] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., detail: _Optional[str] = ...) -> None: ...

class WhatIfResult(_message.Message):
    __slots__ = ("sequence", "key", "case_name", "levels", "outcome", "stopped_by", "value", "bound_checked", "bound_proved", "seconds", "plan_hash", "detail")
    class LevelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    CASE_NAME_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    STOPPED_BY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BOUND_CHECKED_FIELD_NUMBER: _ClassVar[int]
    BOUND_PROVED_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    PLAN_HASH_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    key: str
    case_name: str
    levels: _containers.ScalarMap[str, str]
    outcome: str
    stopped_by: str
    value: float
    bound_checked: float
    bound_proved: float
    seconds: float
    plan_hash: str
    detail: str
    def __init__(self, sequence: _Optional[int] = ..., key: _Optional[str] = ..., case_name: _Optional[str] = ..., levels: _Optional[_Mapping[str, str]] = ..., outcome: _Optional[str] = ..., stopped_by: _Optional[str] = ..., value: _Optional[float] = ..., bound_checked: _Optional[float] = ..., bound_proved: _Optional[float] = ..., seconds: _Optional[float] = ..., plan_hash: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class CreateWhatIfJobRequest(_message.Message):
    __slots__ = ("scenario", "grid", "parameters", "request_id", "validate_only")
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    GRID_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    scenario: str
    grid: str
    parameters: WhatIfParameters
    request_id: str
    validate_only: bool
    def __init__(self, scenario: _Optional[str] = ..., grid: _Optional[str] = ..., parameters: _Optional[_Union[WhatIfParameters, _Mapping]] = ..., request_id: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class GetWhatIfJobRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListWhatIfJobsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListWhatIfJobsResponse(_message.Message):
    __slots__ = ("jobs", "next_page_token")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[WhatIfJob]
    next_page_token: str
    def __init__(self, jobs: _Optional[_Iterable[_Union[WhatIfJob, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteWhatIfJobRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class DeleteWhatIfJobResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RunWhatIfJobRequest(_message.Message):
    __slots__ = ("name", "request_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    request_id: str
    def __init__(self, name: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class GetWhatIfExecutionRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListWhatIfExecutionsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListWhatIfExecutionsResponse(_message.Message):
    __slots__ = ("executions", "next_page_token")
    EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    executions: _containers.RepeatedCompositeFieldContainer[WhatIfExecution]
    next_page_token: str
    def __init__(self, executions: _Optional[_Iterable[_Union[WhatIfExecution, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelWhatIfExecutionRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class WatchWhatIfExecutionRequest(_message.Message):
    __slots__ = ("name", "after")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    after: int
    def __init__(self, name: _Optional[str] = ..., after: _Optional[int] = ...) -> None: ...

class WatchWhatIfExecutionResponse(_message.Message):
    __slots__ = ("execution", "result")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    execution: WhatIfExecution
    result: WhatIfResult
    def __init__(self, execution: _Optional[_Union[WhatIfExecution, _Mapping]] = ..., result: _Optional[_Union[WhatIfResult, _Mapping]] = ...) -> None: ...

class ListWhatIfResultsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListWhatIfResultsResponse(_message.Message):
    __slots__ = ("results", "next_page_token")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[WhatIfResult]
    next_page_token: str
    def __init__(self, results: _Optional[_Iterable[_Union[WhatIfResult, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DownloadWhatIfResultsRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class DownloadWhatIfResultsResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from planner.wire.v1 import acceptance_pb2 as _acceptance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PlanningParameters(_message.Message):
    __slots__ = ("gap", "work_limit", "time_limit", "seed", "hosts", "base_plan", "solver_logs")
    GAP_FIELD_NUMBER: _ClassVar[int]
    WORK_LIMIT_FIELD_NUMBER: _ClassVar[int]
    TIME_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    BASE_PLAN_FIELD_NUMBER: _ClassVar[int]
    SOLVER_LOGS_FIELD_NUMBER: _ClassVar[int]
    gap: float
    work_limit: int
    time_limit: _duration_pb2.Duration
    seed: int
    hosts: int
    base_plan: str
    solver_logs: bool
    def __init__(self, gap: _Optional[float] = ..., work_limit: _Optional[int] = ..., time_limit: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., seed: _Optional[int] = ..., hosts: _Optional[int] = ..., base_plan: _Optional[str] = ..., solver_logs: _Optional[bool] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("name", "scenario", "parameters", "state", "create_time", "start_time", "end_time", "stopped_by", "value", "bound_proved", "bound_checked", "gap", "gap_checked", "plan_hash", "infeasibility", "detail", "cancel_requested", "etag", "acceptance")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Plan.State]
        QUEUED: _ClassVar[Plan.State]
        RUNNING: _ClassVar[Plan.State]
        PLANNED: _ClassVar[Plan.State]
        NO_PLAN_YET: _ClassVar[Plan.State]
        INFEASIBLE: _ClassVar[Plan.State]
        FAILED: _ClassVar[Plan.State]
    STATE_UNSPECIFIED: Plan.State
    QUEUED: Plan.State
    RUNNING: Plan.State
    PLANNED: Plan.State
    NO_PLAN_YET: Plan.State
    INFEASIBLE: Plan.State
    FAILED: Plan.State
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    STOPPED_BY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BOUND_PROVED_FIELD_NUMBER: _ClassVar[int]
    BOUND_CHECKED_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    GAP_CHECKED_FIELD_NUMBER: _ClassVar[int]
    PLAN_HASH_FIELD_NUMBER: _ClassVar[int]
    INFEASIBILITY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    scenario: str
    parameters: PlanningParameters
    state: Plan.State
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    stopped_by: str
    value: float
    bound_proved: float
    bound_checked: float
    gap: float
    gap_checked: float
    plan_hash: str
    infeasibility: Infeasibility
    detail: str
    cancel_requested: bool
    etag: str
    acceptance: _acceptance_pb2.Acceptance
    def __init__(self, name: _Optional[str] = ..., scenario: _Optional[str] = ..., parameters: _Optional[_Union[PlanningParameters, _Mapping]] = ..., state: _Optional[_Union[Plan.State, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stopped_by: _Optional[str] = ..., value: _Optional[float] = ..., bound_proved: _Optional[float] = ..., bound_checked: _Optional[float] = ..., gap: _Optional[float] = ..., gap_checked: _Optional[float] = ..., plan_hash: _Optional[str] = ..., infeasibility: _Optional[_Union[Infeasibility, _Mapping]] = ..., detail: _Optional[str] = ..., cancel_requested: _Optional[bool] = ..., etag: _Optional[str] = ..., acceptance: _Optional[_Union[_acceptance_pb2.Acceptance, _Mapping]] = ...) -> None: ...

class Infeasibility(_message.Message):
    __slots__ = ("conflict", "relaxation", "terms", "repairs")
    CONFLICT_FIELD_NUMBER: _ClassVar[int]
    RELAXATION_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    REPAIRS_FIELD_NUMBER: _ClassVar[int]
    conflict: _containers.RepeatedScalarFieldContainer[str]
    relaxation: _containers.RepeatedCompositeFieldContainer[Relaxation]
    terms: _containers.RepeatedCompositeFieldContainer[ConflictTerm]
    repairs: _containers.RepeatedCompositeFieldContainer[Relaxation]
    def __init__(self, conflict: _Optional[_Iterable[str]] = ..., relaxation: _Optional[_Iterable[_Union[Relaxation, _Mapping]]] = ..., terms: _Optional[_Iterable[_Union[ConflictTerm, _Mapping]]] = ..., repairs: _Optional[_Iterable[_Union[Relaxation, _Mapping]]] = ...) -> None: ...

class ConflictTerm(_message.Message):
    __slots__ = ("subject", "contract", "kind", "text")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    subject: str
    contract: str
    kind: str
    text: str
    def __init__(self, subject: _Optional[str] = ..., contract: _Optional[str] = ..., kind: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Relaxation(_message.Message):
    __slots__ = ("subject", "amount")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    subject: str
    amount: float
    def __init__(self, subject: _Optional[str] = ..., amount: _Optional[float] = ...) -> None: ...

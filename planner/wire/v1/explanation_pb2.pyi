from planner.wire.v1 import plan_pb2 as _plan_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExplainPlanRequest(_message.Message):
    __slots__ = ("name", "counterfactuals", "repairs")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COUNTERFACTUALS_FIELD_NUMBER: _ClassVar[int]
    REPAIRS_FIELD_NUMBER: _ClassVar[int]
    name: str
    counterfactuals: _containers.RepeatedCompositeFieldContainer[Counterfactual]
    repairs: bool
    def __init__(self, name: _Optional[str] = ..., counterfactuals: _Optional[_Iterable[_Union[Counterfactual, _Mapping]]] = ..., repairs: _Optional[bool] = ...) -> None: ...

class Counterfactual(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[ClauseChange]
    def __init__(self, changes: _Optional[_Iterable[_Union[ClauseChange, _Mapping]]] = ...) -> None: ...

class ClauseChange(_message.Message):
    __slots__ = ("clause", "amount", "share", "drop")
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    DROP_FIELD_NUMBER: _ClassVar[int]
    clause: str
    amount: float
    share: float
    drop: bool
    def __init__(self, clause: _Optional[str] = ..., amount: _Optional[float] = ..., share: _Optional[float] = ..., drop: _Optional[bool] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("plan", "scenario", "currency", "value", "bound", "priced", "shortfalls", "budgets", "conflict", "counterfactuals", "repairs")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    PRICED_FIELD_NUMBER: _ClassVar[int]
    SHORTFALLS_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    CONFLICT_FIELD_NUMBER: _ClassVar[int]
    COUNTERFACTUALS_FIELD_NUMBER: _ClassVar[int]
    REPAIRS_FIELD_NUMBER: _ClassVar[int]
    plan: str
    scenario: str
    currency: str
    value: float
    bound: float
    priced: bool
    shortfalls: _containers.RepeatedCompositeFieldContainer[Shortfall]
    budgets: _containers.RepeatedCompositeFieldContainer[BudgetUse]
    conflict: _containers.RepeatedCompositeFieldContainer[_plan_pb2.ConflictTerm]
    counterfactuals: _containers.RepeatedCompositeFieldContainer[CounterfactualResult]
    repairs: _containers.RepeatedCompositeFieldContainer[CounterfactualResult]
    def __init__(self, plan: _Optional[str] = ..., scenario: _Optional[str] = ..., currency: _Optional[str] = ..., value: _Optional[float] = ..., bound: _Optional[float] = ..., priced: _Optional[bool] = ..., shortfalls: _Optional[_Iterable[_Union[Shortfall, _Mapping]]] = ..., budgets: _Optional[_Iterable[_Union[BudgetUse, _Mapping]]] = ..., conflict: _Optional[_Iterable[_Union[_plan_pb2.ConflictTerm, _Mapping]]] = ..., counterfactuals: _Optional[_Iterable[_Union[CounterfactualResult, _Mapping]]] = ..., repairs: _Optional[_Iterable[_Union[CounterfactualResult, _Mapping]]] = ...) -> None: ...

class Shortfall(_message.Message):
    __slots__ = ("kind", "id", "partner", "market", "product", "due", "ordered", "late", "short", "period", "worth", "price", "reason", "binding", "terms", "route", "gain", "text", "later", "later_worth", "later_price")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    ORDERED_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    SHORT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    WORTH_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BINDING_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    GAIN_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LATER_FIELD_NUMBER: _ClassVar[int]
    LATER_WORTH_FIELD_NUMBER: _ClassVar[int]
    LATER_PRICE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    id: str
    partner: str
    market: str
    product: str
    due: int
    ordered: float
    late: float
    short: float
    period: int
    worth: float
    price: float
    reason: str
    binding: Part
    terms: _containers.RepeatedCompositeFieldContainer[Part]
    route: Route
    gain: float
    text: str
    later: int
    later_worth: float
    later_price: float
    def __init__(self, kind: _Optional[str] = ..., id: _Optional[str] = ..., partner: _Optional[str] = ..., market: _Optional[str] = ..., product: _Optional[str] = ..., due: _Optional[int] = ..., ordered: _Optional[float] = ..., late: _Optional[float] = ..., short: _Optional[float] = ..., period: _Optional[int] = ..., worth: _Optional[float] = ..., price: _Optional[float] = ..., reason: _Optional[str] = ..., binding: _Optional[_Union[Part, _Mapping]] = ..., terms: _Optional[_Iterable[_Union[Part, _Mapping]]] = ..., route: _Optional[_Union[Route, _Mapping]] = ..., gain: _Optional[float] = ..., text: _Optional[str] = ..., later: _Optional[int] = ..., later_worth: _Optional[float] = ..., later_price: _Optional[float] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ("plant", "departure", "cost", "parts")
    PLANT_FIELD_NUMBER: _ClassVar[int]
    DEPARTURE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    plant: str
    departure: int
    cost: float
    parts: _containers.RepeatedCompositeFieldContainer[Part]
    def __init__(self, plant: _Optional[str] = ..., departure: _Optional[int] = ..., cost: _Optional[float] = ..., parts: _Optional[_Iterable[_Union[Part, _Mapping]]] = ...) -> None: ...

class Part(_message.Message):
    __slots__ = ("kind", "name", "plant", "period", "price", "use", "scarce")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PLANT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    SCARCE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    plant: str
    period: int
    price: float
    use: float
    scarce: bool
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., plant: _Optional[str] = ..., period: _Optional[int] = ..., price: _Optional[float] = ..., use: _Optional[float] = ..., scarce: _Optional[bool] = ...) -> None: ...

class BudgetUse(_message.Message):
    __slots__ = ("clause", "partner", "window", "spent", "lower", "upper", "price", "state", "bound_by", "bound_price", "reach", "hindrances", "text")
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    SPENT_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BOUND_BY_FIELD_NUMBER: _ClassVar[int]
    BOUND_PRICE_FIELD_NUMBER: _ClassVar[int]
    REACH_FIELD_NUMBER: _ClassVar[int]
    HINDRANCES_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    clause: str
    partner: str
    window: int
    spent: float
    lower: float
    upper: float
    price: float
    state: str
    bound_by: str
    bound_price: float
    reach: float
    hindrances: _containers.RepeatedCompositeFieldContainer[Hindrance]
    text: str
    def __init__(self, clause: _Optional[str] = ..., partner: _Optional[str] = ..., window: _Optional[int] = ..., spent: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., price: _Optional[float] = ..., state: _Optional[str] = ..., bound_by: _Optional[str] = ..., bound_price: _Optional[float] = ..., reach: _Optional[float] = ..., hindrances: _Optional[_Iterable[_Union[Hindrance, _Mapping]]] = ..., text: _Optional[str] = ...) -> None: ...

class Hindrance(_message.Message):
    __slots__ = ("kind", "name", "money", "price")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MONEY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    money: float
    price: float
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., money: _Optional[float] = ..., price: _Optional[float] = ...) -> None: ...

class CounterfactualResult(_message.Message):
    __slots__ = ("changes", "scenario", "operation", "state", "value", "bound_proved", "bound_checked", "change", "change_checked", "estimate", "helps", "text", "plans_differ")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BOUND_PROVED_FIELD_NUMBER: _ClassVar[int]
    BOUND_CHECKED_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_CHECKED_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    HELPS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PLANS_DIFFER_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[ClauseChange]
    scenario: str
    operation: str
    state: _plan_pb2.Plan.State
    value: float
    bound_proved: float
    bound_checked: float
    change: Interval
    change_checked: Interval
    estimate: float
    helps: bool
    text: str
    plans_differ: float
    def __init__(self, changes: _Optional[_Iterable[_Union[ClauseChange, _Mapping]]] = ..., scenario: _Optional[str] = ..., operation: _Optional[str] = ..., state: _Optional[_Union[_plan_pb2.Plan.State, str]] = ..., value: _Optional[float] = ..., bound_proved: _Optional[float] = ..., bound_checked: _Optional[float] = ..., change: _Optional[_Union[Interval, _Mapping]] = ..., change_checked: _Optional[_Union[Interval, _Mapping]] = ..., estimate: _Optional[float] = ..., helps: _Optional[bool] = ..., text: _Optional[str] = ..., plans_differ: _Optional[float] = ...) -> None: ...

class Interval(_message.Message):
    __slots__ = ("lower", "upper")
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    lower: float
    upper: float
    def __init__(self, lower: _Optional[float] = ..., upper: _Optional[float] = ...) -> None: ...

from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NewOrder(_message.Message):
    __slots__ = ("partner", "market", "product", "period", "quantity", "unit_revenue", "lateness_cost", "shortage_penalty", "max_delay")
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_REVENUE_FIELD_NUMBER: _ClassVar[int]
    LATENESS_COST_FIELD_NUMBER: _ClassVar[int]
    SHORTAGE_PENALTY_FIELD_NUMBER: _ClassVar[int]
    MAX_DELAY_FIELD_NUMBER: _ClassVar[int]
    partner: str
    market: str
    product: str
    period: int
    quantity: float
    unit_revenue: float
    lateness_cost: float
    shortage_penalty: float
    max_delay: int
    def __init__(self, partner: _Optional[str] = ..., market: _Optional[str] = ..., product: _Optional[str] = ..., period: _Optional[int] = ..., quantity: _Optional[float] = ..., unit_revenue: _Optional[float] = ..., lateness_cost: _Optional[float] = ..., shortage_penalty: _Optional[float] = ..., max_delay: _Optional[int] = ...) -> None: ...

class QuoteOrderRequest(_message.Message):
    __slots__ = ("plan", "order", "displace_promises")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    DISPLACE_PROMISES_FIELD_NUMBER: _ClassVar[int]
    plan: str
    order: NewOrder
    displace_promises: bool
    def __init__(self, plan: _Optional[str] = ..., order: _Optional[_Union[NewOrder, _Mapping]] = ..., displace_promises: _Optional[bool] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ("plan", "plan_hash", "served", "short_quantity", "change_least", "change_most", "parts", "unit_cost", "next_unit_cost", "binding")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    PLAN_HASH_FIELD_NUMBER: _ClassVar[int]
    SERVED_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CHANGE_LEAST_FIELD_NUMBER: _ClassVar[int]
    CHANGE_MOST_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    UNIT_COST_FIELD_NUMBER: _ClassVar[int]
    NEXT_UNIT_COST_FIELD_NUMBER: _ClassVar[int]
    BINDING_FIELD_NUMBER: _ClassVar[int]
    plan: str
    plan_hash: str
    served: _containers.RepeatedCompositeFieldContainer[ServedQuantity]
    short_quantity: float
    change_least: float
    change_most: float
    parts: _containers.RepeatedCompositeFieldContainer[QuotePart]
    unit_cost: float
    next_unit_cost: float
    binding: _containers.RepeatedCompositeFieldContainer[QuoteBinding]
    def __init__(self, plan: _Optional[str] = ..., plan_hash: _Optional[str] = ..., served: _Optional[_Iterable[_Union[ServedQuantity, _Mapping]]] = ..., short_quantity: _Optional[float] = ..., change_least: _Optional[float] = ..., change_most: _Optional[float] = ..., parts: _Optional[_Iterable[_Union[QuotePart, _Mapping]]] = ..., unit_cost: _Optional[float] = ..., next_unit_cost: _Optional[float] = ..., binding: _Optional[_Iterable[_Union[QuoteBinding, _Mapping]]] = ...) -> None: ...

class ServedQuantity(_message.Message):
    __slots__ = ("period", "quantity")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    period: int
    quantity: float
    def __init__(self, period: _Optional[int] = ..., quantity: _Optional[float] = ...) -> None: ...

class QuotePart(_message.Message):
    __slots__ = ("name", "amount")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    amount: float
    def __init__(self, name: _Optional[str] = ..., amount: _Optional[float] = ...) -> None: ...

class QuoteBinding(_message.Message):
    __slots__ = ("kind", "name", "period", "price")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    period: int
    price: float
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., period: _Optional[int] = ..., price: _Optional[float] = ...) -> None: ...

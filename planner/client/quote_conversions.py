"""Questions about one more order as messages, and quotes as the business has them."""

from __future__ import annotations

from planner.ports.quoting import Binding, NewOrder, Quote
from planner.wire.v1 import quote_pb2


def quote_request(plan: str, order: NewOrder) -> quote_pb2.QuoteOrderRequest:
    """Return the question as a message."""
    return quote_pb2.QuoteOrderRequest(
        plan=f"plans/{plan}",
        order=quote_pb2.NewOrder(
            partner=order.partner,
            market=order.market,
            product=order.product,
            period=order.period,
            quantity=order.quantity,
            unit_revenue=order.unit_revenue,
            lateness_cost=order.lateness_cost,
            shortage_penalty=order.shortage_penalty,
            max_delay=order.max_delay,
        ),
        displace_promises=not order.keep_promises,
    )


def quote_from_wire(message: quote_pb2.Quote) -> Quote:
    """Return a quote."""
    return Quote(
        plan_hash=message.plan_hash,
        served=tuple((part.period, part.quantity) for part in message.served),
        short=message.short_quantity,
        change_least=message.change_least,
        change_most=message.change_most,
        parts=tuple((part.name, part.amount) for part in message.parts),
        unit_cost=message.unit_cost if message.HasField("unit_cost") else None,
        next_unit_cost=message.next_unit_cost,
        binding=tuple(
            Binding(
                kind=one.kind, name=one.name, period=one.period if one.HasField("period") else None, price=one.price
            )
            for one in message.binding
        ),
    )

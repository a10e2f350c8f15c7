"""Questions about one more order as the business has them, and quotes as messages."""

from __future__ import annotations

from planner.domain.errors import InvalidRequest
from planner.ports.quoting import NewOrder, Quote
from planner.wire.v1 import quote_pb2


def order_from_wire(request: quote_pb2.QuoteOrderRequest) -> NewOrder:
    """Return the order that is asked about.

    Raises
    ------
    InvalidRequest
        If a field is missing or out of range.
    """
    asked = request.order
    try:
        return NewOrder(
            partner=asked.partner,
            market=asked.market,
            product=asked.product,
            period=asked.period,
            quantity=asked.quantity,
            unit_revenue=asked.unit_revenue,
            lateness_cost=asked.lateness_cost,
            shortage_penalty=asked.shortage_penalty,
            max_delay=asked.max_delay if asked.HasField("max_delay") else None,
            keep_promises=not request.displace_promises,
        )
    except ValueError as error:
        raise InvalidRequest(str(error), "order") from error


def quote_to_wire(plan: str, quote: Quote) -> quote_pb2.Quote:
    """Return a quote as a message."""
    return quote_pb2.Quote(
        plan=f"plans/{plan}",
        plan_hash=quote.plan_hash,
        served=[quote_pb2.ServedQuantity(period=t, quantity=quantity) for t, quantity in quote.served],
        short_quantity=quote.short,
        change_least=quote.change_least,
        change_most=quote.change_most,
        parts=[quote_pb2.QuotePart(name=name, amount=amount) for name, amount in quote.parts],
        unit_cost=quote.unit_cost,
        next_unit_cost=quote.next_unit_cost,
        binding=[
            quote_pb2.QuoteBinding(kind=one.kind, name=one.name, period=one.period, price=one.price)
            for one in quote.binding
        ],
    )

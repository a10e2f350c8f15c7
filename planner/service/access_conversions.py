"""What a partner is told of a plan, as a message of the wire."""

from __future__ import annotations

from planner.application.partner_view import PartnerPlan
from planner.wire.v1 import plan_pb2


def partner_plan_to_wire(plan: PartnerPlan) -> plan_pb2.Plan:
    """Return a plan with its name, its times, and that it was accepted; everything else stays empty."""
    message = plan_pb2.Plan(name=f"plans/{plan.plan}", state=plan_pb2.Plan.PLANNED)
    message.create_time.FromDatetime(plan.requested_at)
    if plan.ended_at is not None:
        message.end_time.FromDatetime(plan.ended_at)
    if plan.accepted_at is not None:
        message.acceptance.accept_time.FromDatetime(plan.accepted_at)
    return message

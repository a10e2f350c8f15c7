"""What is asked about a plan as a message, and the explanation as a document."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.json_format import MessageToDict

from planner.domain.relaxation import Relaxation
from planner.wire.v1 import explanation_pb2


def explain_to_wire(
    plan: str, counterfactuals: Sequence[Sequence[Relaxation]], *, repairs: bool
) -> explanation_pb2.ExplainPlanRequest:
    """Return the request for an explanation."""
    return explanation_pb2.ExplainPlanRequest(
        name=f"plans/{plan}",
        counterfactuals=[
            explanation_pb2.Counterfactual(changes=[_change(relaxation) for relaxation in asked])
            for asked in counterfactuals
        ],
        repairs=repairs,
    )


def explanation_from_wire(message: explanation_pb2.Explanation) -> dict[str, object]:
    """Return an explanation as a document in the fields of the contract; what is absent there is left out."""
    document: dict[str, object] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return document


def _change(relaxation: Relaxation) -> explanation_pb2.ClauseChange:
    if relaxation.amount is not None:
        return explanation_pb2.ClauseChange(clause=relaxation.clause, amount=relaxation.amount)
    if relaxation.share is not None:
        return explanation_pb2.ClauseChange(clause=relaxation.clause, share=relaxation.share)
    return explanation_pb2.ClauseChange(clause=relaxation.clause, drop=True)

"""Explanations: requests of the wire as those of the business, documents of the business as messages."""

from __future__ import annotations

from google.protobuf.json_format import ParseDict

from planner.application.explain_plan import ExplainRequest
from planner.domain.errors import InvalidRequest
from planner.domain.relaxation import Relaxation
from planner.service.conversions import resource_id
from planner.verification.explanation_document import Document
from planner.wire.v1 import explanation_pb2


def explain_request(message: explanation_pb2.ExplainPlanRequest) -> ExplainRequest:
    """Return what is asked about a plan.

    Raises
    ------
    InvalidRequest
        If the name is no plan's, or a change says neither how much nor that the clause is dropped.
    """
    return ExplainRequest(
        plan=resource_id(message.name, "plans", "name"),
        counterfactuals=tuple(tuple(map(_relaxation, asked.changes)) for asked in message.counterfactuals),
        repairs=message.repairs,
    )


def explanation_to_wire(document: Document) -> explanation_pb2.Explanation:
    """Return an explanation as a message; a field that the contract lacks is an error of ours, not of the caller."""
    message: explanation_pb2.Explanation = ParseDict(document, explanation_pb2.Explanation())
    return message


def _relaxation(change: explanation_pb2.ClauseChange) -> Relaxation:
    by = change.WhichOneof("by")
    if by == "amount":
        return Relaxation(change.clause, amount=change.amount)
    if by == "share":
        return Relaxation(change.clause, share=change.share)
    if by == "drop" and change.drop:
        return Relaxation(change.clause)
    raise InvalidRequest(
        f"say by how much {change.clause or 'the clause'} is loosened: amount, share or drop", "counterfactuals"
    )

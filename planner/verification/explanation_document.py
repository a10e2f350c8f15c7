"""Explanations as documents: the same fields in JSON and on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from planner.domain.gap import relative_gap
from planner.domain.relaxation import Relaxation
from planner.verification.counterfactual import ValueChange
from planner.verification.explanation import ExplainedBudget, ExplainedShortfall, PlanExplanation
from planner.verification.explanation_parts import Part, Route

Document = dict[str, object]

EXPLANATION_SCHEMA = "concordat.explanation/1"

_NESTED = ("route", "binding", "terms")
"""Fields of a shortfall that are written in a form of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualAnswer:
    """Clauses loosened together, and what is known of the plan with them.

    ``scenario`` is the hash of the changed scenario, ``operation`` the name of the operation that plans it (both may be
    empty), ``state`` one of the states of the wire contract. Value and bounds are there once there is a plan,
    ``change`` as well where there is a plan to compare with; ``detail`` says why there is none.
    """

    relaxations: tuple[Relaxation, ...]
    scenario: str = ""
    operation: str = ""
    state: str = "STATE_UNSPECIFIED"
    value: float | None = None
    bound_proved: float | None = None
    bound_checked: float | None = None
    change: ValueChange | None = None
    estimate: float | None = None
    detail: str = ""


def explanation_document(explanation: PlanExplanation) -> Document:
    """Return what binds a plan, ready for JSON."""
    return {
        "currency": explanation.currency,
        "value": explanation.value,
        "bound": explanation.bound,
        "priced": explanation.priced,
        "shortfalls": [_shortfall(short) for short in explanation.shortfalls],
        "budgets": [_budget(budget) for budget in explanation.budgets],
    }


def conflict_document(terms: Sequence[tuple[str, str, str, str]]) -> list[Document]:
    """Return a conflict, ready for JSON: (clause id or row, contract, kind, what it demands) each."""
    names = ("subject", "contract", "kind", "text")
    return [dict(zip(names, term, strict=True)) for term in terms]


def counterfactual_document(answer: CounterfactualAnswer, currency: str) -> Document:
    """Return what a counterfactual is known to change, ready for JSON."""
    change = answer.change
    return {
        "changes": [_relaxation(relaxation) for relaxation in answer.relaxations],
        "scenario": f"scenarios/{answer.scenario}" if answer.scenario else "",
        "operation": answer.operation,
        "state": answer.state,
        "value": answer.value,
        "bound_proved": answer.bound_proved,
        "bound_checked": answer.bound_checked,
        "change": None if change is None else {"lower": change.lower, "upper": change.upper},
        "change_checked": None
        if change is None or change.checked is None
        else dict(zip(("lower", "upper"), change.checked, strict=True)),
        "plans_differ": None if change is None else change.plans,
        "estimate": answer.estimate,
        "helps": change is not None and change.helps,
        "text": counterfactual_words(answer, currency),
    }


def counterfactual_words(answer: CounterfactualAnswer, currency: str) -> str:
    """Return what a counterfactual is known to change, in one sentence."""
    asked = " and ".join(str(relaxation) for relaxation in answer.relaxations)
    change, value, bound = answer.change, answer.value, answer.bound_proved
    if change is not None:
        proof = "proven to help" if change.helps else "not proven to help"
        proven = f"the best value rises by {change.lower:,.2f} to {change.upper:,.2f} {currency}"
        return f"{asked}: {proof}, {proven} (that of the plans by {change.plans:,.2f})"
    if value is not None and bound is not None:
        gap = f"{relative_gap(value, bound):.3%}" if value else f"{bound - value:,.2f}"
        return f"{asked}: a plan is possible, worth {value:,.2f} to {bound:,.2f} {currency} at best (gap {gap})"
    return f"{asked}: {answer.detail or 'not planned yet'}"


def _relaxation(relaxation: Relaxation) -> Document:
    if relaxation.amount is not None:
        return {"clause": relaxation.clause, "amount": relaxation.amount}
    if relaxation.share is not None:
        return {"clause": relaxation.clause, "share": relaxation.share}
    return {"clause": relaxation.clause, "drop": True}


def _shortfall(short: ExplainedShortfall) -> Document:
    fact = short.fact
    plain: Mapping[str, object] = asdict(fact)
    return {
        **{name: value for name, value in plain.items() if name not in _NESTED},
        "binding": None if fact.binding is None else _part(fact.binding),
        "terms": [_part(part) for part in fact.terms],
        "route": None if fact.route is None else _route(fact.route),
        "text": short.text,
    }


def _route(route: Route) -> Document:
    return {
        "plant": route.plant,
        "departure": route.departure,
        "cost": route.cost,
        "parts": [_part(part) for part in route.parts],
    }


def _part(part: Part) -> Document:
    return asdict(part)


def _budget(budget: ExplainedBudget) -> Document:
    return {**asdict(budget.fact), "text": budget.text}

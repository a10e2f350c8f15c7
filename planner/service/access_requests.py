"""What a request is about, as policies of access see it; read off a message before anything in it is validated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from planner.governance.access import SERVICE, Asked, Fact

PlanFacts = Callable[[str], Awaitable[Mapping[str, Fact]]]
"""Tells what policies look at about a plan, whoever asks; for a plan that there is not, what is said of none."""

_ABOUT: dict[str, tuple[str, str, str]] = {
    "ListFindings": ("Scenario", "parent", "scenarios/"),
    "CreatePlan": ("Scenario", "scenario", "scenarios/"),
    "CreateWhatIfJob": ("Scenario", "scenario", "scenarios/"),
    "GetOperation": ("Plan", "name", "operations/"),
    "WatchPlan": ("Plan", "name", "operations/"),
    "CancelPlan": ("Plan", "name", "operations/"),
    "GetPlan": ("Plan", "name", "plans/"),
    "DownloadPlan": ("Plan", "name", "plans/"),
    "AcceptPlan": ("Plan", "name", "plans/"),
    "ExplainPlan": ("Plan", "name", "plans/"),
    "QuoteOrder": ("Plan", "plan", "plans/"),
}
"""By method: the kind of resource, the field that names it, and its collection. Other methods ask the service."""

_NAMED = {
    "RunWhatIfJob": "name",
    "GetWhatIfJob": "name",
    "DeleteWhatIfJob": "name",
    "ListWhatIfExecutions": "parent",
    "GetWhatIfExecution": "name",
    "WatchWhatIfExecution": "name",
    "CancelWhatIfExecution": "name",
    "ListWhatIfResults": "parent",
    "DownloadWhatIfResults": "name",
    "GetAgent": "name",
    "RetireAgent": "name",
    "UpgradeAgents": "kind",
    "RollbackAgents": "kind",
}
"""By method: the field that says what is asked for, where policies do not tell one from another but the record must."""


async def asked_about(method: str, message: Any, facts: PlanFacts) -> Asked:
    """Return what a request is about."""
    if method not in _ABOUT:
        return replace(SERVICE, name=str(getattr(message, _NAMED[method]))) if method in _NAMED else SERVICE
    kind, field, collection = _ABOUT[method]
    name = str(getattr(message, field))
    context: dict[str, Fact] = {}
    if method == "ExplainPlan":
        context["computes"] = bool(message.counterfactuals) or bool(message.repairs)
    if kind != "Plan":
        return Asked(kind=kind, name=name)
    # A name of another form names no plan; the use case says so to those who may ask.
    plan = name.removeprefix(collection) if name.startswith(collection) else ""
    return Asked(kind=kind, name=name, facts=await facts(plan), context=context)

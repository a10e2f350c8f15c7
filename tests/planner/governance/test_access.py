"""The policies of access: the whole matrix role × method × resource, and what makes a policy set refused."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from google.protobuf.descriptor import FileDescriptor

import planner.wire.v1
from planner.domain.errors import PoliciesInvalid
from planner.governance.access import POLICIES, SCHEMA, SERVICE, AccessPolicies, Asked, shipped_policies
from planner.governance.principal import ROLES, Principal
from planner.service.access_guard import FOR_PARTNERS
from planner.service.access_requests import _ABOUT

GUIDE = Path(__file__).resolve().parents[3] / "docs/how-to/guard-the-door.md"

RESOURCES: dict[str, Asked] = {
    "service": SERVICE,
    "scenario": Asked(kind="Scenario", name="scenarios/s"),
    "own plan": Asked(kind="Plan", facts={"accepted": True, "partners": ("acme", "other")}),
    "own draft": Asked(kind="Plan", facts={"accepted": False, "partners": ("acme", "other")}),
    "plan of others": Asked(kind="Plan", facts={"accepted": True, "partners": ("other",)}),
    "no such plan": Asked(kind="Plan", facts={"accepted": False, "partners": ()}),
}

ANY_PLAN = {"own plan", "own draft", "plan of others", "no such plan"}

ABOUT: dict[str, set[str]] = {
    "UploadScenario": set(),
    "ListFindings": {"scenario"},
    "CreatePlan": {"scenario"},
    "GetOperation": ANY_PLAN,
    "WatchPlan": ANY_PLAN,
    "CancelPlan": ANY_PLAN,
    "GetPlan": ANY_PLAN,
    "ListPlans": set(),
    "DownloadPlan": ANY_PLAN,
    "AcceptPlan": ANY_PLAN,
    "ExplainPlan": ANY_PLAN,
    "QuoteOrder": ANY_PLAN,
    "GetServerStatus": set(),
    "ListAgents": set(),
    "GetAgent": set(),
    "UpgradeAgents": set(),
    "RollbackAgents": set(),
    "RetireAgent": set(),
    "CreateWhatIfJob": {"scenario"},
    "RunWhatIfJob": set(),
    "DeleteWhatIfJob": set(),
    "CancelWhatIfExecution": set(),
    "GetWhatIfJob": set(),
    "ListWhatIfJobs": set(),
    "GetWhatIfExecution": set(),
    "ListWhatIfExecutions": set(),
    "WatchWhatIfExecution": set(),
    "ListWhatIfResults": set(),
    "DownloadWhatIfResults": set(),
}
"""What each method may be about, beside the service itself."""

SEES_WHAT_IF = {"GetWhatIfJob", "ListWhatIfJobs", "GetWhatIfExecution", "ListWhatIfExecutions"}
READS_WHAT_IF = {*SEES_WHAT_IF, "WatchWhatIfExecution", "ListWhatIfResults", "DownloadWhatIfResults"}
READS_AGENTS = {"ListAgents", "GetAgent"}
STEERS_AGENTS = {"UpgradeAgents", "RollbackAgents", "RetireAgent"}

MAY: dict[str, set[str]] = {
    "planner": set(ABOUT) - STEERS_AGENTS,
    "erp_integrator": set(ABOUT) - STEERS_AGENTS - READS_AGENTS - {"AcceptPlan", "ExplainPlan", "GetServerStatus"},
    "auditor": {
        "ListFindings",
        "GetOperation",
        "WatchPlan",
        "GetPlan",
        "ListPlans",
        "DownloadPlan",
        "ExplainPlan",
        "GetServerStatus",
        *READS_AGENTS,
        *READS_WHAT_IF,
    },
    "operator": {
        "GetOperation",
        "WatchPlan",
        "CancelPlan",
        "GetPlan",
        "ListPlans",
        "GetServerStatus",
        *READS_AGENTS,
        *STEERS_AGENTS,
        *SEES_WHAT_IF,
        "CancelWhatIfExecution",
    },
    "partner": {"GetPlan", "ListPlans", "DownloadPlan", "ExplainPlan"},
}
"""Which methods each role may call at all."""


def methods() -> list[str]:
    """Return every method of every service of the wire contract, by its descriptor."""
    found = []
    for module in pkgutil.iter_modules(planner.wire.v1.__path__):
        described = getattr(importlib.import_module(f"planner.wire.v1.{module.name}"), "DESCRIPTOR", None)
        if isinstance(described, FileDescriptor):
            for service in described.services_by_name.values():
                found += [method.name for method in service.methods]
    return sorted(found)


def expected(role: str, method: str, resource: str) -> bool:
    """Say what the matrix says."""
    if method not in MAY[role] or (resource != "service" and resource not in ABOUT[method]):
        return False
    return role != "partner" or resource in {"service", "own plan"}


def caller(role: str) -> Principal:
    """Return a caller in one role."""
    partner = "acme" if role == "partner" else ""
    return Principal(name="someone", identity="token", roles=frozenset({role}), partner=partner)


@pytest.fixture(scope="module")
def policies() -> AccessPolicies:
    """Return the policies that are shipped."""
    return shipped_policies()


def test_every_method_of_the_contract_has_its_row() -> None:
    """A method that is added to the contract fails here until somebody says who may call it, and about what."""
    assert methods() == sorted(ABOUT)
    assert {method for method, about in ABOUT.items() if about} == set(_ABOUT)
    assert set(MAY) == set(ROLES)
    text = POLICIES.read_text(encoding="utf-8") + SCHEMA.read_text(encoding="utf-8")
    assert [method for method in methods() if f'"{method}"' not in text] == []


def test_the_guide_shows_the_matrix() -> None:
    """The table of the guide has every method, and a word exactly where the role may call it."""
    rows = [line.split("|")[1:-1] for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    first = next(place for place, row in enumerate(rows) if "planner" in [cell.strip() for cell in row])
    roles = [cell.strip() for cell in rows[first][1:]]
    shown = {
        (method.strip(), role)
        for row in rows[first + 1 :]
        for method in row[0].split(",")
        for role, cell in zip(roles, row[1:], strict=True)
        if cell.strip()
    }
    assert shown == {(method, role) for role, may in MAY.items() for method in may}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", methods())
def test_the_matrix_holds(policies: AccessPolicies, role: str, method: str) -> None:
    """Every role may call exactly what the matrix says, about exactly these resources."""
    got = {resource: policies.verdict(caller(role), method, asked).allowed for resource, asked in RESOURCES.items()}
    assert got == {resource: expected(role, method, resource) for resource in RESOURCES}


def test_partners_reach_only_methods_that_answer_them() -> None:
    """What policies permit partners is what the door knows to answer them with their own rows."""
    assert MAY["partner"] == FOR_PARTNERS


@pytest.mark.parametrize("role", ROLES)
def test_only_planners_have_further_plans_made_to_explain_one(policies: AccessPolicies, role: str) -> None:
    """Counterfactuals and repairs cost computing time, so reading roles may not ask for them."""
    asked = Asked(kind="Plan", facts=RESOURCES["own plan"].facts, context={"computes": True})
    assert policies.verdict(caller(role), "ExplainPlan", asked).allowed is (role == "planner")


def test_nobody_and_nothing_unknown_is_allowed(policies: AccessPolicies) -> None:
    """A caller without roles, an unknown method and facts of the wrong kind are denied, with a reason for the last."""
    nobody = Principal(name="x", identity="token", roles=frozenset())
    assert not any(policies.verdict(nobody, method, SERVICE).allowed for method in methods())
    assert not policies.verdict(caller("planner"), "DropEverything", SERVICE).allowed
    wrong = policies.verdict(caller("planner"), "GetPlan", Asked(kind="Plan", facts={"accepted": "yes"}))
    assert not wrong.allowed
    assert wrong.reasons


def test_a_decision_names_its_policy(policies: AccessPolicies) -> None:
    """The reason of a decision is the id of a policy, as the audit log is to tell it."""
    verdict = policies.verdict(caller("partner"), "GetPlan", RESOURCES["own plan"])
    assert verdict.reasons == ("partner-reads-its-own",)


def test_names_are_data_and_never_policy_text(policies: AccessPolicies) -> None:
    """Quotes, line ends and Cedar's own words in names change nothing."""
    crafted = Principal(
        name='x" in Role::"planner', identity="token", roles=frozenset({"partner"}), partner='acme"); permit(principal'
    )
    assert not policies.verdict(crafted, "GetPlan", RESOURCES["own plan"]).allowed


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ('permit (principal, action == Action::"DropEverything", resource);', "DropEverything"),
        ('permit (principal, action, resource) when { resource.owner == "x" };', "owner"),
        ("permit (principal, action, resource", "policies of access"),
        ('permit (principal in Role::"planner", action == Action::"GetPlan", resource == Contract::"c");', "Contract"),
    ],
    ids=["unknown method", "unknown attribute", "no policy", "unknown resource"],
)
def test_policies_that_do_not_fit_the_schema_are_refused(policy: str, told: str) -> None:
    """A policy set with one wrong policy is refused as a whole when it is loaded."""
    with pytest.raises(PoliciesInvalid, match=told):
        AccessPolicies(POLICIES.read_text(encoding="utf-8") + policy, SCHEMA.read_text(encoding="utf-8"))


def test_a_schema_that_is_none_is_refused() -> None:
    """So is a schema that cannot be read."""
    with pytest.raises(PoliciesInvalid):
        AccessPolicies(POLICIES.read_text(encoding="utf-8"), "entity")


@pytest.mark.parametrize(
    ("roles", "partner"),
    [({"partner"}, ""), ({"partner", "planner"}, "acme"), ({"planner"}, "acme"), ({"king"}, "")],
)
def test_a_partner_is_a_partner_and_nothing_else(roles: set[str], partner: str) -> None:
    """A caller in the role partner names its partner and has no other role; unknown roles are refused."""
    with pytest.raises(ValueError, match="role"):
        Principal(name="x", identity="token", roles=frozenset(roles), partner=partner)


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "two\nlines"])
def test_a_caller_has_a_printable_name(name: str) -> None:
    """Names go into a log that people read, so they hold no control characters and end somewhere."""
    with pytest.raises(ValueError, match="name"):
        Principal(name=name, identity="token", roles=frozenset())

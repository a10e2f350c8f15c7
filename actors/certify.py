"""The verifier: recomputes a plan's value, every constraint and its checked bound, and trusts no solver.

Nothing imported from here reaches a solver library. Value and constraints are recomputed in
`planner.verification`; the bound is recomputed here from the stored multipliers: for every leaf weak duality over the
boxes of plants and partners in outward-rounded arithmetic, plus every customer's exact best response to the prices,
evaluated one by one. The leaves must partition all combinations of whole choices.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from actors.bounding import Multipliers, checked_bound
from actors.certificate_tables import clause_prices, leaf_name, price_clauses, prices_table, read_duals
from actors.formulate.problem import Problem, formulate, segment_surroundings
from actors.formulate.segment import offer_prices
from planner.domain.gap import relative_gap
from planner.domain.plan import Plan
from planner.domain.plan_form import canonical_table
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.verification.breaches import Breach
from planner.verification.check import check_plan
from solvers.coordination.choice_tree import partition
from solvers.core.errors import SolverError
from solvers.offers.verify import response_bound

_SAME = 1e-8
"""Relative difference between stated and recomputed bound that sums in 64 bits may explain; those in 32 differ more."""
_TOLERATED = 1e-6
"""Relative distance by which tolerances of rows may carry a value beyond a bound."""


Leaf = tuple[Multipliers, dict[str, tuple[int, ...]]]
"""A leaf of the certificate: its multipliers, and the options it allows of every choice."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a verification found; ``breaches`` is empty iff everything holds, its first entry is the first to mend."""

    value: float
    bound_checked: float | None
    gap_checked: float | None
    breaches: tuple[Breach, ...]

    @property
    def holds(self) -> bool:
        """Tell whether everything holds."""
        return not self.breaches


def certify(scenario: Scenario, plan: Plan) -> Certificate:
    """Verify a plan against its scenario, which must be valid."""
    report = check_plan(scenario, plan)
    breaches, value = list(report.breaches), report.recomputation.value
    try:
        problem = formulate(scenario, eligibility_patterns(scenario))
        leaves = read_leaves(problem, plan)
        bounds = [_leaf_bound(problem, given, allowed) for given, allowed in leaves]
        bound = max(bounds)
        breaches += _leaf_breaches(plan.summary, bounds, value)
        breaches += _price_breaches(problem, plan, [given for given, _ in leaves])
    except (SolverError, KeyError, ValueError, TypeError, ArithmeticError) as error:
        breaches.append(Breach("bound.certificate", "duals", f"the certificate cannot be recomputed: {error}"))
        return Certificate(value, None, None, tuple(breaches))
    breaches += _bound_breaches(plan.summary, bound, value)
    return Certificate(value, bound, relative_gap(value, bound), tuple(breaches))


def recomputed_bound(scenario: Scenario, plan: Plan) -> float:
    """Recompute ``bound_checked`` from the multipliers stored in the plan.

    Raises as :func:`read_leaves` does, and :class:`solvers.core.errors.InvalidProgram` if a multiplier has the wrong
    sign for its row.
    """
    problem = formulate(scenario, eligibility_patterns(scenario))
    return _bound(problem, read_leaves(problem, plan))


def read_leaves(problem: Problem, plan: Plan) -> list[Leaf]:
    """Read the multipliers and the allowed choices of every leaf.

    Raises
    ------
    ValueError
        If the leaves do not partition the choices, or the certificate is not of the expected form.
    KeyError
        If a multiplier belongs to a row or leaf that there is not.
    """
    groups = {name: len(columns) for block in problem.blocks for name, columns in block.choices}
    leaves = _leaves(plan.summary, groups)
    if not partition([tuple(leaf.values()) for leaf in leaves], list(groups.values())):
        raise ValueError("the leaves of the certificate do not partition the combinations of rebate tiers")
    named = {leaf_name(place) for place in range(len(leaves))}
    unknown = {block.split("/")[0] for block in plan["duals"]["block"].unique().to_list()} - named
    if unknown:
        raise KeyError(f"the duals table names leaf {min(unknown)!r}, which the certificate does not list")
    links = problem.around.links.links
    return [(read_duals(plan["duals"], place, problem.blocks, links), allowed) for place, allowed in enumerate(leaves)]


def _price_breaches(problem: Problem, plan: Plan, leaves: Sequence[Multipliers]) -> list[Breach]:
    """Return the prices that are not those of the leaf the plan says it is priced by."""
    certificate = plan.summary.get("certificate")
    stated = certificate.get("priced_leaf") if isinstance(certificate, Mapping) else None
    named = {leaf_name(place): given for place, given in enumerate(leaves)}
    if stated not in named:
        return [Breach("prices.leaf", "plan.json", f"certificate.priced_leaf is {stated!r}, which is no leaf")]
    given, blocks, links = named[str(stated)], problem.blocks, problem.around.links.links
    priced = price_clauses(plan["clauses"].drop("price"), clause_prices(given, blocks, links))
    expected = {"clauses": priced, "prices": prices_table(given, blocks, links)}
    return [
        Breach("prices.dual", name, "the prices are not the multipliers of the leaf that prices the plan")
        for name, frame in expected.items()
        if not canonical_table(name, frame).equals(canonical_table(name, plan[name]))
    ]


def _bound(problem: Problem, leaves: Sequence[Leaf]) -> float:
    return max(_leaf_bound(problem, given, allowed) for given, allowed in leaves)


def _leaf_bound(problem: Problem, given: Multipliers, allowed: Mapping[str, tuple[int, ...]]) -> float:
    responses = {}
    for (block, _), part in zip(problem.segments, problem.parts, strict=True):
        prices, base = offer_prices(part.members, segment_surroundings(part, problem.around), given.links)
        responses[block.name] = math.nextafter(base + response_bound(part.members.instance, prices), math.inf)
    return checked_bound(problem.blocks, problem.around.links.links, given=given, allowed=allowed, responses=responses)


def _leaf_breaches(summary: Mapping[str, object], bounds: Sequence[float], value: float) -> list[Breach]:
    """Return the leaves whose stated bound is not that of their multipliers."""
    certificate = summary.get("certificate")
    stated = certificate.get("leaves") if isinstance(certificate, Mapping) else None
    return [
        Breach(
            "bound.leaf",
            leaf_name(place),
            f"its bound_checked says {leaf.get('bound_checked')!r}, recomputed {bound!r}",
        )
        for place, (leaf, bound) in enumerate(zip(stated if isinstance(stated, Sequence) else (), bounds, strict=True))
        if not _same(leaf.get("bound_checked"), bound, value)
    ]


def _leaves(summary: Mapping[str, object], groups: Mapping[str, int]) -> list[dict[str, tuple[int, ...]]]:
    certificate = summary.get("certificate")
    stated = certificate.get("leaves") if isinstance(certificate, Mapping) else None
    if not isinstance(stated, Sequence) or not stated:
        raise ValueError("plan.json holds no certificate.leaves; the plan was not made by this planner")
    leaves = []
    for place, leaf in enumerate(stated):
        allowed = leaf.get("allowed") if isinstance(leaf, Mapping) else None
        if not isinstance(allowed, Mapping) or set(allowed) != set(groups) or leaf.get("id") != leaf_name(place):
            raise ValueError(f"leaf {place} of the certificate must name the choices {sorted(groups)}")
        leaves.append({name: tuple(int(option) for option in allowed[name]) for name in groups})
    return leaves


def _bound_breaches(summary: Mapping[str, object], bound: float, value: float) -> list[Breach]:
    breaches = []
    scale = _TOLERATED * max(abs(value), abs(bound) * 1e-3)
    stated = summary.get("bound_checked")
    if not _same(stated, bound, value):
        breaches.append(Breach("bound.checked", "plan.json", f"bound_checked says {stated!r}, recomputed {bound!r}"))
    if value > bound + scale:
        breaches.append(Breach("bound.sense", "plan.json", f"the value {value!r} lies above the bound {bound!r}"))
    proved = summary.get("bound_proved")
    if isinstance(proved, int | float) and proved > bound + scale:
        breaches.append(Breach("bound.proved", "plan.json", f"bound_proved {proved!r} lies above bound_checked"))
    return breaches


def _same(stated: object, bound: float, value: float) -> bool:
    """Tell whether a stated bound is the recomputed one; NaN and what is no number never are."""
    return isinstance(stated, int | float) and abs(stated - bound) <= _SAME * max(abs(value), abs(bound) * 1e-1)

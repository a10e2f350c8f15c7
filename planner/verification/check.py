"""Does a plan hold what it says? Everything in it is compared with a recomputation that trusts no solver."""

from __future__ import annotations

from dataclasses import dataclass

from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.verification.breaches import Breach
from planner.verification.check_summary import hash_breaches, scenario_breaches, worth_breaches
from planner.verification.check_tables import clause_breaches, form_breaches, price_breaches
from planner.verification.recompute import Recomputation, recompute


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """What does not hold in a plan, most telling first; empty ``breaches`` means that everything holds.

    A plan of another scenario is told before all else. Then come decisions that break a rule of the planning problem,
    then statements about the plan (clause table, value, gaps, prices), last the hashes.
    """

    breaches: tuple[Breach, ...]
    recomputation: Recomputation

    @property
    def holds(self) -> bool:
        """Whether everything holds."""
        return not self.breaches

    @property
    def first(self) -> Breach | None:
        """The first thing that does not hold."""
        return self.breaches[0] if self.breaches else None


def check_plan(scenario: Scenario, plan: Plan) -> VerificationReport:
    """Check a plan against its scenario: every row, clause, money part, gap, price and hash.

    ``bound_proved`` and ``bound_checked`` are only held against the value and the gaps; what ``bound_checked`` rests
    on is recomputed by the certificate (`actors.certify`). The scenario has passed validation.
    """
    recomputation = recompute(scenario, plan.tables)
    return VerificationReport(
        breaches=(
            *scenario_breaches(scenario, plan),
            *recomputation.breaches,
            *clause_breaches(recomputation.clauses, plan["clauses"]),
            *worth_breaches(plan.summary, recomputation),
            *price_breaches(plan.tables),
            *form_breaches(plan.tables),
            *hash_breaches(plan),
        ),
        recomputation=recomputation,
    )

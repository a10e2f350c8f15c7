"""Changes of what was agreed: numbers of clauses, clauses and rules left out, rules rewritten."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from planner.domain.clauses import CLAUSE_KINDS, Clause, RebateClause
from planner.domain.patches.change import Level, Problem, Switch, Touched, not_a_switch
from planner.domain.patches.rows import number_refusal
from planner.domain.patches.selection import Condition, nearest
from planner.domain.scenario import EligibilityRule, Scenario

CONTRACTS, RULES = "contracts.json", "eligibility.json"
TIER_FIELDS = ("tiers.from_quantity", "tiers.rate")
_CHOSEN_BY = ("id", "kind", "partner", "contract")


def _is_number(kind: object) -> bool:
    return kind in {"float", "float | None"}


CLAUSE_FIELDS: frozenset[str] = frozenset(
    (
        *(field.name for cls in CLAUSE_KINDS.values() for field in dataclasses.fields(cls) if _is_number(field.type)),
        *TIER_FIELDS,
    )
)
"""Every number that some clause states, by the name of its field."""


MAIN_FIELD: dict[str, str] = {
    "budget": "max",
    "volume": "min",
    "service": "min_fill_rate",
    "reservation": "share",
    "purchase": "min",
    "rebate": "tiers.rate",
    "parity": "max_fill_gap",
    "price_floor": "min_net_revenue_share",
    "reward_floor": "min_share",
    "stability": "max",
}
"""The number that an amendment of a clause means unless it names another, by the clause's kind."""

LOOSENED_BY: dict[str, int] = {
    "max": 1,
    "max_fill_gap": 1,
    "tiers.rate": 1,
    "min": -1,
    "min_fill_rate": -1,
    "share": -1,
    "min_net_revenue_share": -1,
    "min_share": -1,
    "penalty": -1,
}
"""Whether the best plan can only gain from more of a number (1) or from less of it (−1).

More of a number that loosens allows every plan that was allowed, at no less value. Numbers that are not listed, such as
where a rebate's tier begins, can do either.
"""


@dataclass(frozen=True, slots=True)
class ClauseSelection:
    """The clauses for which all conditions on ``id``, ``kind``, ``partner`` and ``contract`` hold."""

    where: tuple[Condition, ...]

    def __post_init__(self) -> None:
        wrong = [condition.column for condition in self.where if condition.column not in _CHOSEN_BY]
        if wrong or not self.where:
            named = f"not by {wrong[0]!r}" if wrong else "but nothing is said"
            raise ValueError(f"clauses are chosen by {', '.join(_CHOSEN_BY)}, {named}")

    @property
    def by_id(self) -> bool:
        """Whether clauses are named one by one."""
        return any(condition.column == "id" for condition in self.where)

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return which values no clause has, and whether no clause is meant."""
        found = []
        for condition in self.where:
            known = {_attribute(clause, condition.column) for clause in scenario.clauses}
            found += [
                Problem(
                    f"where.{condition.column}", f"no clause has {condition.column} {value!r}: {nearest(value, known)}"
                )
                for value in map(str, condition.values)
                if value not in known
            ]
        if not found and not self.ids(scenario):
            found.append(Problem("where", "no clause satisfies all conditions at once; leave out one"))
        return tuple(found)

    def ids(self, scenario: Scenario) -> tuple[str, ...]:
        """Return the ids of the clauses that are meant."""
        return tuple(clause.id for clause in scenario.clauses if self.means(clause))

    def means(self, clause: Clause) -> bool:
        """Tell whether a clause is meant."""
        return all(_attribute(clause, c.column) in map(str, c.values) for c in self.where)


@dataclass(frozen=True, slots=True)
class ClauseAmendment:
    """A number of the selected clauses, multiplied by the level (``scaled``) or set to it; see `CLAUSE_FIELDS`.

    A number that a clause leaves open stays open when it is scaled.
    """

    clauses: ClauseSelection
    field: str
    scaled: bool

    def __post_init__(self) -> None:
        if self.field not in CLAUSE_FIELDS:
            raise ValueError(f"no clause has a number {self.field!r}: {nearest(self.field, CLAUSE_FIELDS)}")

    @property
    def neutral(self) -> Level | None:
        """1 where numbers are scaled; which number is set already depends on the scenario."""
        return 1.0 if self.scaled else None

    def refusal(self, level: Level) -> str:
        """Say why this is no number of a clause, or no factor for one."""
        refusal = number_refusal(level)
        return refusal or ("" if float(level) >= 0 else "no number of a clause is below 0")

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return what the selection misses, and clauses that have no such number."""
        found = list(self.clauses.problems(scenario))
        meant = [clause for clause in scenario.clauses if self.clauses.means(clause)]
        for clause in meant:
            if not _has(clause, self.field):
                fields = sorted(name for name in CLAUSE_FIELDS if _has(clause, name))
                known = nearest(self.field, fields)
                found.append(Problem("where", f"{clause.id}, a {clause.kind} clause, has no {self.field}: {known}"))
        left_open = [clause.id for clause in meant if self._leaves_open(clause)]
        # Of a whole kind some may state no such number; whoever names a clause by its id expects it to change.
        if left_open and (self.clauses.by_id or len(left_open) == len(meant)):
            reason = f"{left_open[0]} leaves {self.field} open, which no factor changes: set it instead"
            found.append(Problem("scale", reason))
        return tuple(found)

    def touched(self, scenario: Scenario) -> tuple[Touched, ...]:
        """Return the field and the clauses whose number changes."""
        meant = (clause for clause in scenario.clauses if self.clauses.means(clause))
        ids = tuple(clause.id for clause in meant if not self._leaves_open(clause))
        return (Touched(CONTRACTS, len(ids), (self.field,), ids),)

    def apply(self, scenario: Scenario, level: Level) -> Scenario:
        """Return the scenario with these clauses amended."""
        number = float(level)

        def amended(clause: Clause) -> Clause:
            if not self.clauses.means(clause):
                return clause
            return _amended(clause, self.field, number, scaled=self.scaled)

        return _with_clauses(scenario, amended)

    def _leaves_open(self, clause: Clause) -> bool:
        """Tell whether a clause could state the number, but does not, so that no factor changes it."""
        return (
            self.scaled and "." not in self.field and _has(clause, self.field) and getattr(clause, self.field) is None
        )


@dataclass(frozen=True, slots=True)
class ClausesDropped(Switch):
    """The selected clauses are left out (level 1)."""

    clauses: ClauseSelection

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return what the selection misses."""
        return self.clauses.problems(scenario)

    def touched(self, scenario: Scenario) -> tuple[Touched, ...]:
        """Return the clauses that are left out."""
        ids = self.clauses.ids(scenario)
        return (Touched(CONTRACTS, len(ids), (), ids),)

    def apply(self, scenario: Scenario, level: Level) -> Scenario:
        """Return the scenario without these clauses."""
        return _with_clauses(scenario, lambda c: None if self.clauses.means(c) else c) if level else scenario


@dataclass(frozen=True, slots=True)
class RuleChange:
    """An eligibility rule: left out at level 1, as it is at level 0, or with the level as its condition.

    ``dropped`` tells whether the levels are yes and no, or conditions.
    """

    rule: str
    dropped: bool

    @property
    def neutral(self) -> Level | None:
        """No, where the rule is left out; which condition it has already depends on the scenario."""
        return 0.0 if self.dropped else None

    def refusal(self, level: Level) -> str:
        """Say why this is neither yes nor no, or no condition."""
        if self.dropped:
            return not_a_switch(level)
        return "" if isinstance(level, str) and level.strip() else "write a condition over customer, offer and segment"

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return whether there is no such rule."""
        known = [rule.id for rule in scenario.eligibility]
        if self.rule in known:
            return ()
        return (Problem("where.id", f"there is no eligibility rule {self.rule!r}: {nearest(self.rule, known)}"),)

    def touched(self, scenario: Scenario) -> tuple[Touched, ...]:  # noqa: ARG002 - as the protocol has it
        """Return the rule."""
        return (Touched(RULES, 1, () if self.dropped else ("when",), (self.rule,)),)

    def apply(self, scenario: Scenario, level: Level) -> Scenario:
        """Return the scenario with this rule changed."""
        if self.dropped:
            kept = tuple(rule for rule in scenario.eligibility if not level or rule.id != self.rule)
        else:
            kept = tuple(
                _rewritten(rule, str(level)) if rule.id == self.rule else rule for rule in scenario.eligibility
            )
        return replace(scenario, eligibility=kept)


def _rewritten(rule: EligibilityRule, when: str) -> EligibilityRule:
    return replace(rule, when=when)


def _attribute(clause: Clause, name: str) -> str:
    return str(getattr(clause, name))


def _has(clause: Clause, field: str) -> bool:
    if field in TIER_FIELDS:
        return isinstance(clause, RebateClause)
    return field in CLAUSE_FIELDS and field in {own.name for own in dataclasses.fields(clause)}


def _amended(clause: Clause, field: str, number: float, *, scaled: bool) -> Clause:
    if isinstance(clause, RebateClause) and field in TIER_FIELDS:
        name = field.partition(".")[2]
        old_tiers = [getattr(tier, name) for tier in clause.tiers]
        new_tiers = [old * number if scaled else number for old in old_tiers]
        tiers = zip(clause.tiers, new_tiers, strict=True)
        return replace(clause, tiers=tuple(replace(tier, **{name: new}) for tier, new in tiers))
    old = getattr(clause, field)
    if scaled and old is None:
        return clause
    new: dict[str, Any] = {field: old * number if scaled else number}
    return replace(clause, **new)


def _with_clauses(scenario: Scenario, change: Callable[[Clause], Clause | None]) -> Scenario:
    contracts = tuple(
        replace(contract, clauses=tuple(new for clause in contract.clauses if (new := change(clause)) is not None))
        for contract in scenario.contracts
    )
    return replace(scenario, contracts=contracts)

"""What a comparison tells besides value in plain columns: the front of two measures, clauses, factors together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.application.clause_spread import ClauseSpread
from planner.application.interactions import Interaction
from planner.application.pareto_front import ParetoFront
from planner.console.figures import counted, money, quantity
from planner.console.what_if.amounts import amount
from planner.console.what_if.heat import interaction_words
from planner.console.what_if.pareto import standing
from planner.console.what_if_words import plain_table

_MOST_ON_FRONT, _MOST_CLAUSES = 10, 5


def front_lines(front: ParetoFront) -> Iterator[str]:
    """Return the cases on the front of two measures, and whether gaps leave that open; none if no case has both."""
    cases = front.front
    if not cases:
        return
    first, second = front.first.title.lower(), front.second.title.lower()
    yield f"{counted(len(cases), 'case')} that no other one beats in {first} and {second}:"
    rows = [["case", first, second, "on the front"]]
    rows += [
        [
            case.name,
            amount(case.first, front.first),
            amount(case.second, front.second),
            standing(case, has_gaps=front.has_gaps),
        ]
        for case in cases[:_MOST_ON_FRONT]
    ]
    yield from plain_table(rows)
    if len(cases) > _MOST_ON_FRONT:
        yield f"… and {len(cases) - _MOST_ON_FRONT} more"


def clause_lines(spreads: Sequence[ClauseSpread]) -> Iterator[str]:
    """Return the clauses whose worth of leeway moves most across cases; none if no price moves."""
    moving = [spread for spread in spreads if spread.moves_by > 0 and spread.high > spread.low][:_MOST_CLAUSES]
    if not moving:
        return
    yield "clauses whose price moves most:"
    rows = [["clause", "lowest price", "median", "highest", "1 % is worth", "binds in", "dearest case"]]
    rows += [
        [
            spread.clause,
            quantity(spread.low),
            quantity(spread.median),
            quantity(spread.high),
            f"{money(spread.worth[0])} to {money(spread.worth[1])}",
            f"{spread.binding} of {spread.cases}",
            spread.dearest,
        ]
        for spread in moving
    ]
    yield from plain_table(rows)


def together_lines(found: Sequence[Interaction], *, chosen: bool) -> Iterator[str]:
    """Return how the first pair of factors acts together, if it was chosen or bounds prove that it does."""
    for interaction in found[:1]:
        told = interaction.contrast
        if chosen or (told is not None and told.matched and told.is_proven):
            yield interaction_words(interaction)

"""The tornado: by how much the value moves between the worst and the best level of each factor."""

from __future__ import annotations

from collections.abc import Sequence

from planner.application.factor_effects import FactorEffect
from planner.console.figures import money
from planner.console.markup import Markup
from planner.console.page import Column, section, table, two_lines
from planner.console.svg import Segment, bar
from planner.console.what_if.amounts import between

_ID, _TITLE = "tornado", "What moves the value"


def tornado_section(effects: Sequence[FactorEffect]) -> Markup:
    """Return for each factor the mean value of its worst and best group of levels, in the order given."""
    if not effects:
        return section(_ID, _TITLE, "No factor has planned cases at two levels yet.")
    low = min(effect.worst.value for effect in effects)
    width = (max(effect.best.value for effect in effects) - low) or 1.0
    rows = [_row(effect, low, width) for effect in effects]
    columns = (
        Column("Factor"),
        Column("", bar=True),
        Column("Worst", numeric=True),
        Column("Best", numeric=True),
        Column("Moves by", numeric=True, hint="As found; below it the interval between best plans"),
        Column("Compared"),
    )
    lead = (
        "Mean value of the planned cases at the worst and the best level of each factor, compared where all other "
        "factors are alike; where no such cases were planned, the effects of others are mixed in."
    )
    return section(_ID, _TITLE, lead, table("Factors by what they move", columns, rows))


def _row(effect: FactorEffect, low: float, width: float) -> tuple[str, ...]:
    worst, best = effect.worst, effect.best
    interval = between(effect.low, effect.high) if effect.matched else ""
    return (
        effect.factor,
        bar([Segment((worst.value - low) / width, (best.value - low) / width, "gain" if effect.matched else "cost")]),
        two_lines(worst.level, money(worst.value)),
        two_lines(best.level, money(best.value)),
        two_lines(money(effect.moves_by), interval),
        "others alike" if effect.matched else "others mixed in",
    )

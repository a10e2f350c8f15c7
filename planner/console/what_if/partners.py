"""What the plans mean to partners, and which case moves that most."""

from __future__ import annotations

from collections.abc import Sequence

from planner.application.partner_spread import PartnerMove
from planner.console.markup import Markup, element
from planner.console.page import Column, section, table, two_lines
from planner.console.svg import Segment, bar
from planner.console.what_if.amounts import amount
from planner.domain.case_measures import PARTNER_MEASURES

_ID, _TITLE = "partners", "What it means to partners"
_MOST_ROWS = 150
BY_NAME = {measure.name: measure for measure in PARTNER_MEASURES}


def partner_section(moves: Sequence[PartnerMove], reference: str) -> Markup:
    """Return a row per partner and measure: in the case of reference, and at its lowest and highest."""
    if not moves:
        return section(_ID, _TITLE, "No planned case tells what partners get and pay: older versions did not keep it.")
    lead = (
        "Money is what a partner nets from us: purchases and penalties less rebates and funding. Its orders stand "
        "apart, at the price it pays. These are exact figures of the plans found, and no bounds: plans of the same "
        "value can favour different partners."
    )
    columns = (
        Column("Partner"),
        Column("Measure"),
        Column(reference.capitalize() if reference == "base" else reference, numeric=True),
        Column("Lowest", numeric=True),
        Column("", bar=True),
        Column("Highest", numeric=True),
    )
    more = len(moves) - _MOST_ROWS
    note = element("p", f"{more:,} more rows are in results.parquet.", class_="note") if more > 0 else Markup()
    rows = [_row(move) for move in moves[:_MOST_ROWS]]
    return section(_ID, _TITLE, lead, table("Partners across cases", columns, rows, classes="names"), note)


def _row(move: PartnerMove) -> tuple[str, ...]:
    measure = BY_NAME[move.measure]
    low, high = min(move.low, 0.0), max(move.high, 0.0)
    width = (high - low) or 1.0
    ticks = [(-low / width, "zero")]
    if move.at_reference is not None:
        ticks.append(((move.at_reference - low) / width, "max"))
    moved = amount(move.low, measure) != amount(move.high, measure)
    return (
        move.partner,
        element("span", measure.title, title=measure.meaning),
        amount(move.at_reference, measure),
        two_lines(amount(move.low, measure), move.low_case if moved else ""),
        bar([Segment((move.low - low) / width, (move.high - low) / width, "segments")], ticks),
        two_lines(amount(move.high, measure), move.high_case if moved else ""),
    )

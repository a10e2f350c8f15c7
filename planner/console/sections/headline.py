"""The head of the report: what the plan is worth, how far it can be from the best, how it ended."""

from __future__ import annotations

from planner.console.clause_rows import ClauseRow
from planner.console.figures import NONE, money, percent
from planner.console.markup import Markup, element, join
from planner.console.reading import currency, facts, items, number, text
from planner.domain.plan import Plan

STOPPED_BY = {
    "gap": "the gap asked for was reached",
    "exhausted": "the search found nothing better to try",
    "work": "the work limit was used up",
    "time": "the time limit was reached",
    "cancelled": "it was cancelled",
    "accepted": "its best plan so far was accepted",
    "replay": "it was repeated up to where an earlier run stopped",
    "optimal": "no better plan exists",
}
"""Why planning stopped, in words."""


def page_title(plan: Plan) -> str:
    """Return the title of the page: that of the scenario, else its id."""
    return text(facts(plan).get("title")) or text(plan.summary.get("scenario_id")) or "Plan"


def header(plan: Plan, rows: tuple[ClauseRow, ...]) -> Markup:
    """Return title, the sentence that sums the plan up, and the headline figures.

    The provenance of the data stands here too: invented or joined data must not be read as a business result.
    """
    provenance = text(facts(plan).get("provenance"))
    return element(
        "header",
        element("p", "Concordat · certified plan", class_="eyebrow"),
        element("h1", page_title(plan)),
        element("p", _horizon(plan), class_="sub"),
        element("p", *_sentence(plan), class_="verdict"),
        element("dl", *_tiles(plan, rows), class_="tiles"),
        element("p", f"Data: {provenance}", class_="note") if provenance else Markup(),
    )


def _horizon(plan: Plan) -> str:
    known = facts(plan)
    starts = items(known.get("period_starts"))
    parts = [text(plan.summary.get("scenario_id"))]
    if starts:
        days = number(known.get("period_days"))
        length = f" of {days:g} days" if days is not None else ""
        parts.append(f"{len(starts)} periods{length} from {text(starts[0])}")
        parts.append(f"{len(items(known.get('windows')))} reward windows")
    if currency(plan):
        parts.append(f"money in {currency(plan)}")
    return " · ".join(part for part in parts if part)


def _sentence(plan: Plan) -> list[str]:
    value, proved, checked = (number(plan.summary.get(key)) for key in ("value", "bound_proved", "bound_checked"))
    if value is None:
        return ["This folder tells no value for the plan."]
    unit = f" {currency(plan)}".rstrip()
    words: list[str] = ["This plan is worth ", element("strong", money(value) + unit), ". "]
    if proved is not None:
        words += ["No plan can be worth more than ", element("strong", money(proved) + unit), " (proved by solvers)"]
    if checked is not None:
        lead = ", or " if proved is not None else "No plan can be worth more than "
        words += [lead, element("strong", money(checked) + unit), " (recomputed without any solver)"]
    return [*words, "."] if proved is not None or checked is not None else words


def _tiles(plan: Plan, rows: tuple[ClauseRow, ...]) -> list[Markup]:
    summary, unit = plan.summary, currency(plan)
    value = number(summary.get("value"))
    reproducible = summary.get("reproducible")
    history = items(summary.get("history"))
    last = items(history[-1]) if history else ()
    seconds = number(last[0]) if last else None
    violated = [row for row in rows if row.state == "violated"]
    paid = sum(row.penalty for row in rows)
    binding = sum(row.state == "binding" for row in rows)
    why = text(summary.get("stopped_by"))
    again = ("reproducible" if reproducible else "not reproducible") if isinstance(reproducible, bool) else ""
    return [
        _tile("Value", money(value), unit, "main"),
        _tile("Proved gap", gap_text(plan, "gap"), f"bound {money(number(summary.get('bound_proved')))}"),
        _tile("Checked gap", gap_text(plan, "gap_checked"), f"bound {money(number(summary.get('bound_checked')))}"),
        _tile("Stopped by", why or NONE, ", ".join(part for part in (STOPPED_BY.get(why, ""), again) if part)),
        _tile("Planned in", NONE if seconds is None else f"{seconds:,.1f} s", f"seed {text(summary.get('seed'))}"),
        _tile(
            "Clauses",
            f"{len(violated)} violated",
            f"{money(paid)} {unit} in penalties · {binding} of {len(rows)} rows bind",
            "bad" if violated else "good",
        ),
    ]


def _tile(name: str, figure: str, small: str, style: str = "") -> Markup:
    return element(
        "div", element("dt", name), element("dd", join(figure), element("small", small)), class_=f"tile {style}".strip()
    )


def gap_text(plan: Plan, key: str) -> str:
    """Return a gap of ``plan.json`` for people: relative, or money where the plan is worth 0."""
    gap = number(plan.summary.get(key))
    if number(plan.summary.get("value")) == 0:
        return money(gap)
    return percent(gap)

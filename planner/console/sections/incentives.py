"""Incentives: spend of every partner against its budgets, and redemptions per offer."""

from __future__ import annotations

from planner.console.clause_rows import window_label
from planner.console.figures import NONE, money, quantity, share
from planner.console.markup import Markup, element, join
from planner.console.page import Column, details, legend, missing, section, table
from planner.console.reading import Record, amounts, currency, facts, number, record, records, text
from planner.console.svg import Segment, bar
from planner.domain.plan import Plan

_STYLES = ("w0", "w1", "w2", "w3")


def horizon_budget(fact: Record) -> tuple[float | None, float | None]:
    """Return the tightest (min, max) that budget clauses put on a partner's spend over the whole horizon.

    Budgets of single windows count for the maximum by their sum if every window has one.
    """
    budgets = records(fact.get("budgets"))
    whole = [budget for budget in budgets if budget.get("window") is None]
    low = [amount for budget in whole if (amount := number(budget.get("min"))) is not None]
    high = [amount for budget in whole if (amount := number(budget.get("max"))) is not None]
    paced: dict[object, float] = {}
    for budget in budgets:
        limit, window = number(budget.get("max")), budget.get("window")
        if limit is not None and window is not None:
            paced[window] = min(limit, paced.get(window, limit))
    if paced and len(paced) == len(amounts(fact.get("spend"))):
        high.append(sum(paced.values()))
    return max(low, default=None), min(high, default=None)


def incentive_section(plan: Plan) -> Markup:
    """Return a bar per partner (spend by window against minimum and maximum) and the budgets of every window."""
    title = "Incentive spend against budgets"
    known = facts(plan)
    partners = records(known.get("incentives"))
    if not partners:
        return missing("incentives", title)
    own, customers = amounts(known.get("own_spend")), record(known.get("customers"))
    unit = currency(plan)
    lead = (
        f"Expected redemptions funded by partners, in {unit or 'money'}; "
        f"we bear a further {money(sum(own))} ourselves. "
        f"{quantity(number(customers.get('rewarded')))} of {quantity(number(customers.get('total')))} customers "
        "receive an offer."
    )
    windows = len(amounts(partners[0].get("spend")))
    key = legend(
        *((_STYLES[w % len(_STYLES)], f"window {w}") for w in range(windows)),
        ("tickmax", "maximum"),
        ("tickmin", "minimum"),
    )
    columns = (
        Column("Partner"),
        Column("", bar=True),
        Column("Spend", numeric=True),
        Column("Minimum", numeric=True),
        Column("Maximum", numeric=True),
        Column("Of maximum", numeric=True),
    )
    bars = table("Expected spend per partner over the horizon", columns, [_partner_row(fact) for fact in partners])
    by_window = details("Spend per partner and window as a table", _window_table(partners, own, known))
    return section("incentives", title, lead, key, bars, by_window)


def _partner_row(fact: Record) -> tuple[str, ...]:
    spend = amounts(fact.get("spend"))
    low, high = horizon_budget(fact)
    whole = sum(spend)
    scale = max(whole, high or 0.0, low or 0.0) * (1.0 if high else 1.1) or 1.0
    pieces, start = [], 0.0
    for window, amount in enumerate(spend):
        pieces.append(Segment(start / scale, (start + amount) / scale, _STYLES[window % len(_STYLES)]))
        start += amount
    ticks = [(low / scale, "min")] if low else []
    ticks += [(high / scale, "max")] if high else []
    return (
        text(fact.get("partner")),
        bar(pieces, ticks),
        money(whole),
        money(low),
        money(high),
        share(whole / high) if high else NONE,
    )


def _window_table(partners: tuple[Record, ...], own: tuple[float, ...], known: Record) -> Markup:
    columns = (
        Column("Partner"),
        Column("Window"),
        Column("Spend", numeric=True),
        Column("Minimum", numeric=True),
        Column("Maximum", numeric=True),
        Column("By clause"),
    )
    rows = [row for fact in partners for row in _window_rows(fact, known)]
    rows += [("own share", window_label(known, w), money(amount), NONE, NONE, "") for w, amount in enumerate(own)]
    return table("Spend and budgets per window", columns, rows)


def _window_rows(fact: Record, known: Record) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for window, amount in enumerate(amounts(fact.get("spend"))):
        budgets = [budget for budget in records(fact.get("budgets")) if budget.get("window") == window]
        low = [limit for budget in budgets if (limit := number(budget.get("min"))) is not None]
        high = [limit for budget in budgets if (limit := number(budget.get("max"))) is not None]
        named = ", ".join(text(budget.get("clause")) for budget in budgets)
        where = window_label(known, window)
        limits = money(max(low, default=None)), money(min(high, default=None))
        rows.append((text(fact.get("partner")), where, money(amount), *limits, named))
    return rows


def offer_section(plan: Plan) -> Markup:
    """Return how often every offer is given and expected to be redeemed, against its limit."""
    title = "Redemptions per offer"
    offers = records(facts(plan).get("offers"))
    if not offers:
        return missing("offers", title)
    most = max(number(fact.get("redemptions")) or 0.0 for fact in offers) or 1.0
    columns = (
        Column("Offer"),
        Column("Sponsor"),
        Column("Campaign"),
        Column("Face value", numeric=True),
        Column("Given", numeric=True),
        Column("", bar=True),
        Column("Redemptions", numeric=True),
        Column("Limit", numeric=True),
        Column("Own spend", numeric=True),
    )
    lead = "Expected redemptions over the horizon; the bars compare the offers with each other."
    return section(
        "offers", title, lead, table("Redemptions per offer", columns, [_offer_row(fact, most) for fact in offers])
    )


def _offer_row(fact: Record, most: float) -> tuple[str, ...]:
    redeemed, limit = number(fact.get("redemptions")) or 0.0, number(fact.get("limit"))
    near = limit is not None and redeemed >= 0.999 * limit
    ticks = [(limit / most, "max")] if limit is not None and limit <= most else []
    return (
        text(fact.get("offer")),
        text(fact.get("sponsor")),
        text(fact.get("campaign_type")),
        money(number(fact.get("face_value"))),
        quantity(number(fact.get("given"))),
        bar([Segment(0.0, redeemed / most, "late" if near else "segments")], ticks),
        quantity(redeemed),
        join("none") if limit is None else element("b", quantity(limit)) if near else join(quantity(limit)),
        money(number(fact.get("own_spend"))),
    )

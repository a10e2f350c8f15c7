"""Supply against demand per product family, service of orders per partner, purchases per supplier."""

from __future__ import annotations

from dataclasses import dataclass

from planner.console.clause_rows import rebate_tier, window_label
from planner.console.figures import NONE, compact, day, money, percent, quantity, share
from planner.console.markup import Markup, element, join
from planner.console.page import Column, details, legend, missing, section, table
from planner.console.reading import Record, amounts, currency, facts, items, number, records, text
from planner.console.svg import Axis, Segment, bar, column, hover, plot, round_ticks, staircase
from planner.domain.plan import Plan

_DRAWN_FAMILIES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySupply:
    """What was wanted of a family and what was served, per period, in ``unit``."""

    name: str
    unit: str
    ordered: tuple[float, ...]
    base_demand: tuple[float, ...]
    uplift: tuple[float, ...]
    orders_served: tuple[float, ...]
    segments_served: tuple[float, ...]
    produced: tuple[float, ...]
    end_stock: tuple[float, ...]
    short: tuple[float, ...]

    @property
    def wanted(self) -> tuple[float, ...]:
        """Orders due plus demand, uplift included."""
        return tuple(map(sum, zip(self.ordered, self.base_demand, self.uplift, strict=True)))

    @property
    def served(self) -> tuple[float, ...]:
        """Orders and segments served."""
        return tuple(map(sum, zip(self.orders_served, self.segments_served, strict=True)))

    @property
    def fill(self) -> float | None:
        """Served ÷ wanted over the horizon; None if nothing was wanted."""
        return sum(self.served) / sum(self.wanted) if sum(self.wanted) > 0 else None


def family_supply(plan: Plan) -> tuple[FamilySupply, ...]:
    """Return supply and demand of every family in the facts; families with lists of unequal length are left out."""
    families = []
    measures = (
        "ordered",
        "base_demand",
        "uplift",
        "orders_served",
        "segments_served",
        "produced",
        "end_stock",
        "short",
    )
    for fact in records(facts(plan).get("families")):
        series = {measure: amounts(fact.get(measure)) for measure in measures}
        if len({len(values) for values in series.values()}) == 1:
            families.append(FamilySupply(name=text(fact.get("family")), unit=text(fact.get("unit")), **series))
    return tuple(families)


def family_section(plan: Plan) -> Markup:
    """Return a small plot per family (stacked service against what was wanted) and a table of totals."""
    title = "Supply against demand per family"
    families = [family for family in family_supply(plan) if family.ordered]
    if not families:
        return missing("families", title)
    starts = [text(start) for start in items(facts(plan).get("period_starts"))]
    busiest = sorted(families, key=lambda family: (-sum(family.wanted), family.name))[:_DRAWN_FAMILIES]
    drawn = [_panel(family, starts) for family in families if family in busiest]
    key = legend(
        ("orders", "orders served"),
        ("segments", "segment demand served"),
        ("wanted", "wanted: orders due + demand incl. uplift"),
    )
    lead = "Units served in each period, stacked, against the line of what was wanted. Late orders appear when served."
    charts = element("figure", key, element("div", *drawn, class_="panels"))
    per_period = details("Every family and period as a table", _period_table(families))
    return section("families", title, lead, charts, _totals(families), per_period)


def _panel(family: FamilySupply, starts: list[str]) -> Markup:
    periods = len(family.ordered)
    top = max(*family.wanted, *family.served, 1e-9) * 1.08
    x = Axis(0.0, periods, tuple((t + 0.5, str(t)) for t in range(0, periods, -(-periods // 7))))
    y = Axis(0.0, top, tuple((tick, compact(tick)) for tick in round_ticks(0.0, top, 3)))
    width, gap = 0.72 / periods, 0.14 / periods
    shapes = []
    for t in range(periods):
        left = t / periods + gap
        orders, segments = family.orders_served[t] / top, family.segments_served[t] / top
        shapes.append(column(left, width, (0.0, orders), "orders"))
        shapes.append(column(left, width, (orders, orders + segments), "segments"))
    shapes.append(staircase([(float(t), wanted) for t, wanted in enumerate(family.wanted)], x, y, "wanted"))
    for t in range(periods):
        when = f" ({day(starts[t])})" if t < len(starts) else ""
        words = (
            f"{family.name}, period {t}{when}: wanted {quantity(family.wanted[t])}, "
            f"served {quantity(family.served[t])}, short {quantity(family.short[t])}"
        )
        shapes.append(hover(t / periods, 1 / periods, words))
    label = f"Family {family.name}: {percent(family.fill)} of {quantity(sum(family.wanted))} {family.unit} served"
    head = element(
        "figcaption", element("b", family.name), element("span", f"{percent(family.fill)} served", class_="right")
    )
    return element("figure", head, plot(label, x, y, shapes, style="small"), class_="panel")


def _totals(families: list[FamilySupply]) -> Markup:
    columns = (
        Column("Family"),
        Column("Unit"),
        Column("Ordered", numeric=True),
        Column("Base demand", numeric=True),
        Column("Uplift", numeric=True, hint="demand that rewards are expected to add"),
        Column("Produced", numeric=True),
        Column("Served", numeric=True),
        Column("Of wanted", numeric=True),
        Column("Short", numeric=True, hint="orders never served and demand lost"),
        Column("Stock at end", numeric=True),
    )
    rows = [
        (
            family.name,
            family.unit,
            quantity(sum(family.ordered)),
            quantity(sum(family.base_demand)),
            quantity(sum(family.uplift)),
            quantity(sum(family.produced)),
            quantity(sum(family.served)),
            share(family.fill),
            quantity(sum(family.short)),
            quantity(family.end_stock[-1]),
        )
        for family in families
    ]
    return table("Families over the horizon", columns, rows)


def _period_table(families: list[FamilySupply]) -> Markup:
    titles = ("Period", "Ordered", "Base demand", "Uplift", "Orders served", "Segments served", "Short", "End stock")
    columns = (Column("Family"), *(Column(title, numeric=True) for title in titles))
    rows = [
        (
            family.name,
            str(t),
            *(
                quantity(series[t])
                for series in (
                    family.ordered,
                    family.base_demand,
                    family.uplift,
                    family.orders_served,
                    family.segments_served,
                    family.short,
                    family.end_stock,
                )
            ),
        )
        for family in families
        for t in range(len(family.ordered))
    ]
    return table("Families by period", columns, rows)


def order_section(plan: Plan) -> Markup:
    """Return how the orders of every partner were served: on time, late, short."""
    title = "Order service per partner"
    partners = records(facts(plan).get("orders"))
    if not partners:
        return missing("orders", title)
    columns = (
        Column("Partner"),
        Column("", bar=True),
        Column("Ordered", numeric=True),
        Column("On time", numeric=True),
        Column("Late", numeric=True),
        Column("Short", numeric=True),
        Column("Fill rate", numeric=True),
    )
    key = legend(("ontime", "on time"), ("late", "late"), ("short", "short"))
    lead = "Units of firm orders over the horizon."
    return section("orders", title, lead, key, table("Order service", columns, [_order_row(fact) for fact in partners]))


def _order_row(fact: Record) -> tuple[str, ...]:
    ordered, on_time, late, short = (number(fact.get(key)) or 0.0 for key in ("ordered", "on_time", "late", "short"))
    scale = max(ordered, on_time + late + short) or 1.0
    drawn = bar(
        [
            Segment(0.0, on_time / scale, "ontime"),
            Segment(on_time / scale, (on_time + late) / scale, "late"),
            Segment((on_time + late) / scale, (on_time + late + short) / scale, "short"),
        ]
    )
    fill = share((on_time + late) / ordered) if ordered > 0 else NONE
    return text(fact.get("partner")), drawn, quantity(ordered), quantity(on_time), quantity(late), quantity(short), fill


def supplier_section(plan: Plan) -> Markup:
    """Return purchases per supplier and material against their limits, and the rebate tiers reached."""
    title = "Purchases per supplier"
    known = facts(plan)
    suppliers = records(known.get("suppliers"))
    if not suppliers:
        return missing("suppliers", title)
    columns = (
        Column("Supplier"),
        Column("Material"),
        Column("", bar=True),
        Column("Bought", numeric=True),
        Column("Limit", numeric=True),
        Column("Used", numeric=True),
        Column(f"Cost, {currency(plan)}".rstrip(", "), numeric=True),
    )
    bought = table("Purchases against limits", columns, [_supplier_row(fact) for fact in suppliers])
    tiers = [row for clause in records(known.get("clauses")) for row in _rebate_rows(clause, known)]
    content = [bought]
    if tiers:
        heads = (
            Column("Rebate clause"),
            Column("Applies to"),
            Column("Bought", numeric=True),
            Column("Rate reached", numeric=True),
            Column("To the next tier", numeric=True),
        )
        content.append(table("Rebate tiers reached", heads, tiers))
    lead = "Bought material over the horizon, its limit, and the rebates that quantity earns."
    return section("suppliers", title, lead, *content)


def _supplier_row(fact: Record) -> tuple[str, ...]:
    bought, limit = number(fact.get("bought")) or 0.0, number(fact.get("limit"))
    drawn = bar([Segment(0.0, bought / limit, "orders")]) if limit else join()
    return (
        text(fact.get("partner")),
        text(fact.get("material")),
        drawn,
        quantity(bought),
        "unlimited" if limit is None else quantity(limit),
        share(bought / limit) if limit else NONE,
        money(number(fact.get("cost"))),
    )


def _rebate_rows(clause: Record, known: Record) -> list[tuple[str, ...]]:
    if clause.get("kind") != "rebate":
        return []
    rows: list[tuple[str, ...]] = []
    for row in records(clause.get("rows")):
        bought = number(row.get("measure")) or 0.0
        rate, missing_to_next = rebate_tier(clause, bought)
        window = row.get("window")
        where = window_label(known, window) if isinstance(window, int) else "horizon"
        further = "top tier" if missing_to_next is None else quantity(missing_to_next)
        rows.append((text(clause.get("clause")), where, quantity(bought), percent(rate), further))
    return rows

"""Explanations in words: one sentence for people, in the terms of contracts and of the scenario's tables."""

from __future__ import annotations

from planner.verification.explanation_budgets import BudgetUse, Hindrance
from planner.verification.explanation_demand import Shortfall
from planner.verification.explanation_parts import Part, Route
from planner.verification.explanation_routes import Routes


def shortfall_words(short: Shortfall, currency: str, *, routes: Routes, full: bool) -> str:
    """Return why an order is late or short, or demand is lost; ``full`` says that the binding resource is used up."""
    closed = routes.closed(short.market, short.product, short.period)
    shut = " and ".join(f"the lane from {plant} is closed in period {t}" for plant, t in closed)
    if short.reason == "unreachable" or short.route is None:
        unreachable = f"no lane and recipe can bring {short.product} to {short.market} by period {short.period}"
        return f"{unreachable}: {shut}" if shut else unreachable
    told = _reached(short, short.route, currency=currency, routes=routes, full=full)
    return f"{told}; a unit would cost less, but {shut}" if shut else told


def _reached(short: Shortfall, route: Route, *, currency: str, routes: Routes, full: bool) -> str:
    """Return why what a route could bring is not served."""
    if short.reason == "whole":
        return f"no price explains it: {_whole(short, currency, routes)}"
    balance = _balance(short, route, currency)
    if short.binding is None:
        return f"not worth its plain cost: {balance}"
    if short.reason == "clause":
        taken = _money(short.binding.amount, currency)
        return f"clause {short.binding.name} takes {taken} of a unit's worth: {balance}"
    used = " (used up)" if full else ""
    return f"{part_words(short.binding, currency)}{used}: {balance}"


def _balance(short: Shortfall, route: Route, currency: str) -> str:
    """Return what speaks for and against one unit more: worth and cost, or both against being late."""
    if short.later_worth is not None and short.later_price is not None:
        worth = _money(short.worth - short.later_worth, currency)
        more = f"a unit on time instead of in period {short.later} is worth {worth} more"
        return f"{more} and costs {_money(short.price - short.later_price, currency)} more"
    cost = f"the cheapest way ({route.plant}, shipped in period {route.departure}) costs {_money(route.cost, currency)}"
    return f"a unit in period {short.period} is worth {_money(short.worth, currency)}, {cost}"


def budget_words(use: BudgetUse, currency: str) -> str:
    """Return what holds back the money of a budget."""
    if use.state == "binding" and use.price > 0:
        return f"the budget itself: one more {currency} would be worth {_money(use.price, currency)}"
    if use.bound_by:
        what = "used up, but bound by" if use.state == "binding" else "bound by"
        return f"{what} {use.bound_by}, where one more {currency} would be worth {_money(use.bound_price, currency)}"
    if use.state == "binding":
        return "the budget is used up, though at the plan's prices more of it would be worth nothing"
    if use.state == "met":
        return "the minimum is met and holds nothing back"
    if use.state == "floor":
        return f"the minimum holds the spend up; one {currency} less of it would be worth {_money(use.price, currency)}"
    told = "; ".join(_hindrance(hindrance, currency) for hindrance in use.hindrances[:2])
    return f"not the budget: {told or 'everything the offers reach is spent'}"


def part_words(part: Part, currency: str) -> str:
    """Return a scarce part with its place and its price."""
    when = "" if part.period is None else f" in period {part.period}"
    price = _money(part.price, currency)
    words = {
        "capacity": f"{part.name} at {part.plant}{when} at {price} a unit",
        "material": f"{part.name}{when}, {price} a unit above what it is bought for",
        "setup": f"the set-up of {part.name}{when}, {_money(part.amount, currency)} for each unit",
        "lot": f"the largest lot of {part.name}{when} at {price} a unit",
        "store": f"room to keep {part.name}{when} at {price} a unit",
        "stock": f"stock of {part.name}{when} at {price} a unit",
    }
    return words.get(part.kind, f"{part.kind} {part.name}{when} at {price} a unit")


_HINDRANCES = {
    "eligibility": "eligibility rules forbid {money}",
    "no gain": "{money} would cost more than it brings",
    "supply": "for {money} the units would cost more, or be missed more elsewhere, than they bring",
    "whole": "for {money} customers go without an offer, though at the plan's prices it would pay",
    "other offers": "for {money} customers have another offer, since each gets at most one per window",
}


def _hindrance(hindrance: Hindrance, currency: str) -> str:
    money = _money(hindrance.money, currency)
    if hindrance.kind in _HINDRANCES:
        return _HINDRANCES[hindrance.kind].format(money=money)
    price = f" (price {hindrance.price:.4g})" if hindrance.price else ""
    name = f"other budgets of {hindrance.name}" if hindrance.kind == "budget" else f"{hindrance.kind} {hindrance.name}"
    return f"{name} stops {money}{price}"


def _whole(short: Shortfall, currency: str, routes: Routes) -> str:
    units = short.short or short.late
    gain = f"at its prices each unit would gain {_money(short.gain, currency)}"
    if short.route is None:
        return gain
    cost = routes.setup_cost(short.route.plant, short.product)
    lot = routes.smallest_lot(short.route.plant, short.product)
    if cost > short.gain * units:
        return f"{gain}, {units:.6g} units too little for a set-up of {_money(cost, currency)} at {short.route.plant}"
    if lot > units:
        return f"{gain}, but the smallest lot at {short.route.plant} is {lot:.6g} and {units:.6g} are missing"
    return f"{gain}; the plan's whole set-ups and lots leave it out, within the gap of the plan"


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.4g} {currency}" if abs(amount) < 1000 else f"{amount:,.0f} {currency}"

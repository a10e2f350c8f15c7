"""Rewards: which customer is given which offer in which reward window.

Variables: ``given[c,w,o]`` ∈ {0,1} for every pair (c, o) that eligibility allows.

    one_offer           Σ_o given[c,w,o] ≤ 1
    redemptions         Σ_{c,w} p(c,o)·given ≤ max_redemptions(o)

Everything that redemptions cause is booked at its expectation, p(c,o)·given: demand spread evenly over the window's
periods, money of ours and of the partners who fund the offer.
"""

from __future__ import annotations

import math

import pyomo.environ as pyo

from solvers.reference.planning_data import Planning
from solvers.reference.production import Expression


def add_rewards(model: pyo.ConcreteModel, data: Planning) -> None:
    """Add the choice of rewards."""
    windows = range(len(data.windows))
    model.Pairs = pyo.Set(
        initialize=[(c, w, o) for c, customer in data.customers.items() for w in windows for o in customer.redeems],
        dimen=3,
    )
    model.given = pyo.Var(model.Pairs, domain=pyo.Binary)

    def one_offer(m: pyo.ConcreteModel, c: str, w: int) -> Expression:
        offers = data.customers[c].redeems
        return sum(m.given[c, w, o] for o in offers) <= 1 if offers else pyo.Constraint.Skip

    def redemptions(m: pyo.ConcreteModel, offer: str) -> Expression:
        places = [(c, w, o) for c, w, o in m.Pairs if o == offer]
        if math.isinf(data.offers[offer].most_redemptions) or not places:
            return pyo.Constraint.Skip
        return sum(expected(m, data, *place) for place in places) <= data.offers[offer].most_redemptions

    model.one_offer = pyo.Constraint(list(data.customers), list(windows), rule=one_offer)
    model.redemptions = pyo.Constraint(list(data.offers), rule=redemptions)


def expected(model: pyo.ConcreteModel, data: Planning, customer: str, window: int, offer: str) -> Expression:
    """Return the expected redemptions of an offer by a customer in a window."""
    return data.customers[customer].redeems[offer] * model.given[customer, window, offer]


def expected_demand(model: pyo.ConcreteModel, data: Planning, segment: str, product: str, period: int) -> Expression:
    """Return base demand and what rewards of the window add, per period of the window."""
    window = next(w for w, periods in enumerate(data.windows) if period in periods)
    uplift = sum(
        data.offers[o].units[product] / len(data.windows[window]) * expected(model, data, c, window, o)
        for c, customer in data.customers.items()
        if customer.segment == segment
        for o in customer.redeems
        if product in data.offers[o].units
    )
    return data.demand[segment, product, period].quantity + uplift


def spend(model: pyo.ConcreteModel, data: Planning, partner: str, windows: tuple[int, ...]) -> Expression:
    """Return the expected redemption money that a partner funds in some windows."""
    return sum(
        data.offers[o].funding[partner] * data.offers[o].face_value * expected(model, data, c, w, o)
        for c, w, o in model.Pairs
        if w in windows and partner in data.offers[o].funding
    )


def reward_worth(model: pyo.ConcreteModel, data: Planning) -> dict[str, Expression]:
    """Return the part of the value that is our share of redemptions, negative."""
    paid = (
        data.offers[o].own_share * data.offers[o].face_value * expected(model, data, c, w, o) for c, w, o in model.Pairs
    )
    return {"rewards": -sum(paid)}

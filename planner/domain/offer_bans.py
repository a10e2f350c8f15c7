"""Offers that contracts forbid in whole segments: the exclusivity and price-floor clauses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.domain.clauses import ExclusivityClause, PriceFloorClause, clause_scopes
from planner.domain.demand import DemandCube, units_per_redemption
from planner.domain.scenario import Scenario

Bools = npt.NDArray[np.bool_]

_TIE = 1e-9
"""Relative slack of a price floor, so that an offer exactly at the floor is allowed whatever the rounding."""


def offer_bans(scenario: Scenario, cube: DemandCube) -> Bools:
    """Return where a clause forbids an offer: bool of shape (windows, segments, offers), True is forbidden."""
    banned = np.zeros(_shape(scenario), dtype=np.bool_)
    for _, forbids in clause_bans(scenario, cube):
        banned |= forbids
    return banned


def clause_bans(scenario: Scenario, cube: DemandCube) -> tuple[tuple[ExclusivityClause | PriceFloorClause, Bools], ...]:
    """Return every clause that may forbid offers with where it does, as :func:`offer_bans` does for all together."""
    found = []
    for clause in scenario.clauses:
        if isinstance(clause, ExclusivityClause):
            ban = np.broadcast_to(_outside_markets(scenario, clause), _shape(scenario))
        elif isinstance(clause, PriceFloorClause):
            ban = _below_floor(scenario, cube, clause)
        else:
            continue
        windows = sorted({w for scope in clause_scopes(clause, scenario.horizon) for w in scope.reward_windows})
        inside = np.zeros(_shape(scenario), dtype=np.bool_)
        inside[windows] = ban[windows]
        found.append((clause, inside))
    return tuple(found)


def offer_worth(scenario: Scenario, cube: DemandCube) -> npt.NDArray[np.float64]:
    """Return the revenue of one redemption's units: float64 of shape (windows, segments, offers).

    The units are spread evenly over the window's periods, each priced in its own period.
    """
    units = units_per_redemption(scenario)
    windows = [cube.revenue[:, :, first : last + 1].mean(axis=2) @ units.T for first, last in scenario.horizon.windows]
    shape = (len(windows), scenario["segments"].height, scenario["offers"].height)
    return np.asarray(windows, dtype=np.float64).reshape(shape)


def _shape(scenario: Scenario) -> tuple[int, int, int]:
    return len(scenario.horizon.windows), scenario["segments"].height, scenario["offers"].height


def _sponsored(scenario: Scenario, partner: str) -> Bools:
    return scenario["offers"]["sponsor"].eq(partner).fill_null(value=False).to_numpy()


def _outside_markets(scenario: Scenario, clause: ExclusivityClause) -> Bools:
    outside = ~scenario["segments"]["market"].is_in(list(clause.markets)).fill_null(value=False).to_numpy()
    return np.asarray(outside[:, None] & _sponsored(scenario, clause.offers_of)[None, :])


def _below_floor(scenario: Scenario, cube: DemandCube, clause: PriceFloorClause) -> Bools:
    worth = offer_worth(scenario, cube)
    face_value = scenario["offers"]["face_value"].to_numpy()
    below = worth - face_value < clause.min_net_revenue_share * worth - _TIE * worth
    return np.asarray(below & _sponsored(scenario, clause.offers_of))

"""What holds back the money of every offer budget: its own bound, or what else keeps offers from being redeemed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.domain.clauses import BudgetClause, ClauseScope, clause_scopes
from planner.domain.demand import DemandCube, redeem_probability, units_per_redemption
from planner.domain.eligibility import Eligibility
from planner.domain.lookup import positions
from planner.domain.offer_bans import clause_bans
from planner.domain.scenario import Scenario
from planner.verification.breaches import Floats, tolerance
from planner.verification.decisions import Rows
from planner.verification.explanation_prices import HORIZON, RowPrices
from planner.verification.rewards import RewardOutcome, funding_shares, reward_outcome

_NOTHING = 1e-6
"""Money per redemption below which a gain is none."""

_AT_BOUND = 1e-3
"""A spend this close to its bound, as a share of it, has reached it: whole offers seldom meet a bound exactly."""


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What keeps money of a budget from being spent.

    ``kind`` is one of ``exclusivity``, ``price_floor`` (``name`` is the clause), ``eligibility``, ``max_redemptions``
    (``name`` is the offer), ``budget`` (``name`` is the partner), ``supply`` (the units cost more, or are missed more
    elsewhere, than they bring), ``no gain``, ``other offers`` (customers have another one, at most one per window) and
    ``whole`` (customers go without any, though at these prices it would pay). ``money`` is the expected spend it
    concerns, ``price`` what a unit of the limit is worth (0: none).
    """

    kind: str
    name: str
    money: float
    price: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """One application of a budget clause: ``spent`` of at least ``lower`` and at most ``upper`` (None: no limit).

    ``window`` is None for the horizon. ``price`` is what a unit of loosening is worth. ``state`` is ``binding`` (the
    upper bound is reached), ``short`` (spent less than the lower bound), ``floor`` (held up by the lower bound),
    ``met`` (a minimum that holds nothing) or ``open``. ``bound_by`` names another budget clause of the partner that
    binds in the same windows, ``bound_price`` its price. ``reach`` is what would be spent if every customer had every
    offer of the partner; ``hindrances``, the greatest first, tell where the rest of it stays.
    """

    clause: str
    partner: str
    window: int | None
    spent: float
    lower: float | None
    upper: float | None
    price: float
    state: str
    reach: float
    hindrances: tuple[Hindrance, ...]
    bound_by: str = ""
    bound_price: float = 0.0


def budget_uses(
    scenario: Scenario, rewards: Rows, cube: DemandCube, *, eligibility: Eligibility, prices: RowPrices
) -> tuple[BudgetUse, ...]:
    """Explain every budget clause in every window it counts in, in the order of the contracts."""
    budgets = [clause for clause in scenario.clauses if isinstance(clause, BudgetClause)]
    if not budgets:
        return ()
    ledger = _Ledger(scenario, rewards, cube, eligibility=eligibility, prices=prices)
    scopes = [(clause, scope) for clause in budgets for scope in clause_scopes(clause, scenario.horizon)]
    uses = [ledger.use(clause, scope) for clause, scope in scopes]
    return tuple(_bound(i, uses, [scope.reward_windows for _, scope in scopes]) for i in range(len(uses)))


def _bound(place: int, uses: Sequence[BudgetUse], windows: Sequence[tuple[int, ...]]) -> BudgetUse:
    """Name the dearest other budget of the partner that binds in the same windows."""
    use = uses[place]
    if use.state not in {"open", "binding"} or use.price > _NOTHING:
        return use
    others = [
        other
        for i, other in enumerate(uses)
        if i != place
        and (other.partner, other.state) == (use.partner, "binding")
        and other.price > _NOTHING
        and set(windows[place]) <= set(windows[i])
    ]
    if not others:
        return use
    dearest = max(others, key=lambda other: other.price)
    return replace(use, bound_by=dearest.clause, bound_price=dearest.price)


class _Ledger:
    """Potential and actual redemptions by window, segment and offer, and what each is worth.

    ``potential`` float64 (segments, offers): if every eligible customer had the offer; ``everyone`` without any
    eligibility rule; ``idle`` (windows, segments, offers) of those eligible who have no offer in the window. ``worth``
    float64 (windows, segments, offers): money per redemption before any budget or limit.
    """

    def __init__(
        self,
        scenario: Scenario,
        rewards: Rows,
        cube: DemandCube,
        *,
        eligibility: Eligibility,
        prices: RowPrices,
    ) -> None:
        outcome = reward_outcome(scenario, rewards)
        self._scenario, self._outcome, self._prices = scenario, outcome, prices
        self._offers = scenario["offers"]["offer"].to_list()
        self._face = scenario["offers"]["face_value"].to_numpy()
        self._partners = scenario["partners"]["partner"].to_list()
        self._shares = funding_shares(scenario)
        self._everyone, self._potential, self._idle = _potentials(scenario, outcome, eligibility, rewards)
        self._bans = clause_bans(scenario, cube)
        own = self._face * scenario["offers"]["own_share"].to_numpy()
        self._plain = _unit_worth(scenario, cube, None) - own
        self._worth = _unit_worth(scenario, cube, prices) - own
        self._windows = range(len(scenario.horizon.windows))
        self._cost = np.array([[prices.funding(p, w) for w in self._windows] for p in self._partners])
        self._limit = np.array([prices.redemptions(offer) for offer in self._offers])

    def use(self, clause: BudgetClause, scope: ClauseScope) -> BudgetUse:
        p, windows = self._partners.index(clause.partner), list(scope.reward_windows)
        spent = float(self._outcome.funded[p, windows].sum())
        label = HORIZON if scope.window is None else scope.window
        price = sum(
            abs(self._prices.at(f"partner:{clause.partner}", f"budget/{clause.id}@{side}", label))
            for side in ("min", "max")
        )
        state = _state(clause, spent, price)
        money = self._shares[p] * self._face
        return BudgetUse(
            clause=clause.id,
            partner=clause.partner,
            window=scope.window,
            spent=spent,
            lower=clause.min,
            upper=clause.max,
            price=price,
            state=state,
            reach=float((self._everyone @ money).sum()) * len(windows),
            hindrances=tuple(
                sorted(self._hindrances(clause, money, windows), key=lambda h: (-h.money, h.kind, h.name))
            ),
        )

    def _hindrances(self, clause: BudgetClause, money: Floats, windows: list[int]) -> Iterator[Hindrance]:
        """Share out the reach that is not spent, every pair of segment and offer to the first thing that stops it."""
        shape = (len(windows), *self._everyone.shape)
        left = np.broadcast_to(self._everyone, shape) * money
        for ban_clause, banned in self._bans:
            stopped = np.where(banned[windows], left, 0.0)
            left = left - stopped
            yield from _told(ban_clause.kind, ban_clause.id, stopped)
        eligible = np.minimum(left, self._potential * money)
        yield from _told("eligibility", "", left - eligible)
        rest = np.maximum(eligible - self._outcome.redemptions[windows] * money, 0.0)
        yield from self._economics(clause, rest, windows)

    def _economics(self, clause: BudgetClause, rest: Floats, windows: list[int]) -> Iterator[Hindrance]:
        plain, worth = self._plain[windows], self._worth[windows]
        none = plain <= _NOTHING
        yield from _told("no gain", "", np.where(none, rest, 0.0))
        supply = ~none & (worth <= _NOTHING)
        yield from _told("supply", "", np.where(supply, rest, 0.0))
        left = np.where(none | supply, 0.0, rest)
        for o, price in enumerate(self._limit):
            if price > _NOTHING:
                stopped = np.zeros_like(left)
                stopped[:, :, o] = np.where(worth[:, :, o] <= price + _NOTHING, left[:, :, o], 0.0)
                left = left - stopped
                yield from _told("max_redemptions", self._offers[o], stopped, float(price))
        worth = worth - self._limit
        for p in self._other_funders(clause, windows):
            asked = self._cost[p, windows][:, None, None] * self._shares[p] * self._face
            stopped = np.where((asked > _NOTHING) & (worth - asked <= _NOTHING), left, 0.0)
            left = left - stopped
            yield from _told("budget", self._partners[p], stopped, float(self._cost[p, windows].max()))
        own = self._partners.index(clause.partner)
        asked = self._cost[own, windows][:, None, None] * self._shares[own] * self._face
        stopped = np.where((asked > _NOTHING) & (worth - asked <= _NOTHING), left, 0.0)
        yield from _told("budget", clause.partner, stopped, float(self._cost[own, windows].max()))
        left = left - stopped
        idle = np.minimum(left, self._idle[windows] * self._shares[own] * self._face)
        yield from _told("whole", "", idle)
        yield from _told("other offers", "", left - idle)

    def _other_funders(self, clause: BudgetClause, windows: list[int]) -> list[int]:
        priced = np.flatnonzero((self._cost[:, windows] > _NOTHING).any(axis=1))
        return [int(p) for p in priced if self._partners[p] != clause.partner]


def _state(clause: BudgetClause, spent: float, price: float) -> str:
    if clause.min is not None and spent < clause.min - float(tolerance(clause.min)):
        return "short"
    # Whole offers may leave more of a budget than a thousandth; its price still says that it is what binds.
    priced = price > _NOTHING and clause.min is None
    if clause.max is not None and (priced or spent >= clause.max * (1 - _AT_BOUND) - float(tolerance(clause.max))):
        return "binding"
    if clause.min is not None and price > _NOTHING and spent <= clause.min * (1 + _AT_BOUND):
        return "floor"
    return "open" if clause.max is not None else "met"


def _told(kind: str, name: str, money: Floats, price: float = 0.0) -> Iterator[Hindrance]:
    total = float(money.sum())
    if total > _NOTHING:
        yield Hindrance(kind, name, total, price)


def _potentials(
    scenario: Scenario, outcome: RewardOutcome, eligibility: Eligibility, rewards: Rows
) -> tuple[Floats, Floats, Floats]:
    segments, offers, windows = scenario["segments"].height, scenario["offers"].height, len(scenario.horizon.windows)
    chance, weight = redeem_probability(scenario), scenario["customers"]["weight"].to_numpy()
    idle = np.ones((windows, len(weight)), dtype=np.bool_)
    idle[rewards["window"], rewards["customer"]] = False
    everyone, eligible = np.zeros((segments, offers)), np.zeros((segments, offers))
    left = np.zeros((windows, segments, offers))
    for o in range(offers if len(weight) else 0):
        probability = np.minimum(weight * chance[outcome.segment, o], 1.0)
        allowed = probability * eligibility.allowed[eligibility.pattern, o]
        everyone[:, o] = np.bincount(outcome.segment, probability, minlength=segments)
        eligible[:, o] = np.bincount(outcome.segment, allowed, minlength=segments)
        for w in range(windows):
            left[w, :, o] = np.bincount(outcome.segment[idle[w]], allowed[idle[w]], minlength=segments)
    return everyone, eligible, left


def _unit_worth(scenario: Scenario, cube: DemandCube, prices: RowPrices | None) -> Floats:
    """Return what the units of a redemption bring, money (windows, segments, offers).

    A unit is sold where that pays more than what the market asks for it (nothing, without prices), else it is lost.
    """
    market = np.zeros_like(cube.revenue)
    if prices is not None:
        market = _segment_prices(scenario, prices)
    unit = np.maximum(cube.revenue - market, -cube.penalty)
    units = units_per_redemption(scenario)
    windows = [unit[:, :, first : last + 1].mean(axis=2) @ units.T for first, last in scenario.horizon.windows]
    return np.asarray(windows, dtype=np.float64).reshape(len(windows), *_pairs(scenario))


def _segment_prices(scenario: Scenario, prices: RowPrices) -> Floats:
    markets, products = scenario["markets"]["market"], scenario["products"]["product"].to_list()
    cube = np.array(
        [
            [[prices.market(market, product, t) for t in range(scenario.horizon.periods)] for product in products]
            for market in markets.to_list()
        ]
    ).reshape(len(markets), len(products), scenario.horizon.periods)
    at: npt.NDArray[np.int64] = positions(scenario["segments"]["market"], markets)
    return np.asarray(cube[at], dtype=np.float64)


def _pairs(scenario: Scenario) -> tuple[int, int]:
    return scenario["segments"].height, scenario["offers"].height

"""A segment's program: service of its subscription demand, and the share of every pool that is given an offer.

Sets: products k, periods t, reward windows w, offers o, pools (runs of like customers, see `members`). Columns and
their unit money in the objective:

- ``served[k,t]``: unit_revenue + shortage_penalty; enters the market balance. Constant: −Σ shortage_penalty · base
- ``redeemed[w,o]``: −own_share · face_value − Σ_k,t units/|w| · shortage_penalty; enters funding and redemption rows
- ``given[pool,w,o]`` ∈ [0,1] (binary where the pool is one customer)
- ``reached[tier,w]`` and ``reached-ever[clause]``: distinct customers with an offer; enter reward floors
- ``reached-pool[clause,pool]`` ∈ [0,1]

Rows: served[k,t] − Σ_o units/|w| · redeemed[w,o] ≤ base; redeemed = Σ_pool Σp · given; Σ_o given ≤ 1; counts.

Relaxing the linking rows by prices leaves one independent choice per customer, which `solvers.offers` answers
exactly, so no bound rests on the pooling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from actors.formulate.index import Index
from actors.formulate.links import LinkMap
from actors.formulate.members import Members
from planner.domain.clauses import RewardFloorClause
from planner.domain.demand import DemandCube, units_per_redemption
from planner.domain.scenario import Scenario
from solvers.core.program import Floats, Ints
from solvers.network.block import Block, BlockBuilder
from solvers.offers.instance import OfferInstance, OfferPrices
from solvers.offers.pools import Pools


@dataclass(frozen=True, slots=True, eq=False)
class SegmentEconomics:
    """What a redemption and a unit are worth in a segment.

    ``base``, ``revenue``, ``penalty`` float64 [K, T]; ``units`` float64 [W, M, K, T]: extra demand per redemption;
    ``own_cost`` float64 [M] money of ours per redemption; ``funded`` maps partner → float64 [M].
    """

    market: int
    base: Floats
    revenue: Floats
    penalty: Floats
    units: Floats
    own_cost: Floats
    funded: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPotential:
    """What the segment could do at most: ``uplift`` [K, T], ``redemptions`` [W, M], ``spend`` partner → [W]."""

    uplift: Floats
    redemptions: Floats
    spend: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class SegmentLayout:
    """Where the columns of a segment's block stand.

    ``served`` maps product → int32 [T]; ``redeemed`` int32 [W, M] (−1: impossible); ``given`` int32 [pools, W, M]
    (−1: not allowed); ``definitions`` are the rows that tie redemptions and counts to ``given``; ``counts`` the
    ``reached`` columns by (tier, window) and by clause.
    """

    segment: str
    served: Mapping[str, Ints]
    redeemed: Ints
    given: Ints
    definitions: Ints
    reached: Mapping[tuple[int, int], int]
    reached_ever: Mapping[str, int]


def segment_economics(scenario: Scenario, index: Index, cube: DemandCube, segment: int) -> SegmentEconomics:
    """Collect what redemptions and units are worth in the segment of this position."""
    effects = units_per_redemption(scenario)
    units = np.zeros((len(index.windows), *effects.shape, index.periods))
    for w, (first, last) in enumerate(index.windows):
        units[w, :, :, first : last + 1] = effects[:, :, None] / (last - first + 1)
    face = scenario["offers"]["face_value"].to_numpy()
    funded: dict[str, Floats] = {}
    for offer, partner, share in scenario["offer_funding"].select("offer", "partner", "share").iter_rows():
        paid = funded.setdefault(partner, np.zeros(len(face)))
        paid[index.offers[offer]] += share * face[index.offers[offer]]
    return SegmentEconomics(
        market=index.markets[scenario["segments"]["market"][segment]],
        base=cube.base[segment],
        revenue=cube.revenue[segment],
        penalty=cube.penalty[segment],
        units=units,
        own_cost=scenario["offers"]["own_share"].to_numpy() * face,
        funded=funded,
    )


def segment_potential(instance: OfferInstance, economics: SegmentEconomics) -> SegmentPotential:
    """Bound a segment's redemptions, extra demand and funded spend; clipped probabilities are taken unclipped."""
    mass = np.array([instance.class_mass(c)[-1] for c in range(instance.classes)])
    windows = range(instance.windows)
    rate = np.where(instance.allowed, instance.response, 0.0)
    uplift = np.zeros_like(economics.base)
    for w in windows:
        for c in range(instance.classes):
            uplift += mass[c] * (rate[w, c][:, None, None] * economics.units[w]).max(axis=0, initial=0.0)
    redemptions = np.einsum("c,wcm->wm", mass, rate)
    spend = {
        partner: np.array([float(mass @ (rate[w] * funded).max(axis=1, initial=0.0)) for w in windows])
        for partner, funded in economics.funded.items()
    }
    return SegmentPotential(uplift, redemptions, spend)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentSurroundings:
    """What a segment formulates against."""

    index: Index
    links: LinkMap
    economics: SegmentEconomics
    potential: SegmentPotential


def segment_block(members: Members, pools: Pools, around: SegmentSurroundings) -> tuple[Block, SegmentLayout]:
    """Formulate one segment; returns its block and where to find the decisions in it."""
    builder = BlockBuilder(f"segment:{members.segment}")
    redeemed = _redeemed_columns(builder, members, around)
    served = _service(builder, around, redeemed)
    given, used = _given(builder, members, pools, around)
    definitions = [_define_redemptions(builder, pools, redeemed, given, used)]
    reached, rows = _reached(builder, members, pools, given, used, around)
    definitions.append(rows)
    ever, rows = _reached_ever(builder, members, pools, given, used, around)
    definitions.append(rows)
    layout = SegmentLayout(
        members.segment, served, redeemed, given, np.concatenate(definitions).astype(np.int32), reached, ever
    )
    return builder.build(len(around.links.links.labels)), layout


def offer_prices(members: Members, around: SegmentSurroundings, link_price: Floats) -> tuple[OfferPrices, float]:
    """Translate prices of the linking rows into what a redemption and a reached customer are worth, rounded up.

    ``link_price`` is float64 [links], the multiplier of each linking row (``L = c·x − π·(A·x − b)``). Also returns the
    worth of the base demand under these prices, served or lost, whichever is better, rounded up. A sum of n products
    is off by at most n + 4 units in the last place of the sum of magnitudes, which is added; since redemptions and
    counts are not negative, a bound at the enlarged prices is a bound at the exact ones.
    """
    economics, links, index = around.economics, around.links, around.index
    rows = [links.market(economics.market, k, t) for k in range(len(index.products)) for t in range(index.periods)]
    market = link_price[rows].reshape(economics.base.shape)
    unit = np.maximum(economics.revenue + market, -economics.penalty)
    size = np.abs(economics.revenue) + np.abs(market) + economics.penalty
    margin = np.einsum("wmkt,kt->wm", economics.units, unit) - economics.own_cost[None, :]
    magnitude = np.einsum("wmkt,kt->wm", economics.units, size) + economics.own_cost[None, :]
    for (partner, w), row in links.funding.items():
        margin[w] += economics.funded[partner] * link_price[row]
        magnitude[w] += economics.funded[partner] * abs(link_price[row])
    for offer, row in links.redemptions.items():
        margin[:, index.offers[offer]] -= link_price[row]
        magnitude[:, index.offers[offer]] += abs(link_price[row])
    count, count_size = (np.zeros((len(members.tiers), len(index.windows))) for _ in range(2))
    distinct = np.zeros(len(members.floors))
    for link in links.clauses:
        if isinstance(link.clause, RewardFloorClause) and link.clause.tier in members.tiers:
            if link.clause.each_window:
                place = members.tiers.index(link.clause.tier), link.scope.window
                count[place] -= link_price[link.row]
                count_size[place] += abs(link_price[link.row])
            else:
                distinct[members.floors.index(link.clause.id)] -= link_price[link.row]
    ulps = (unit.size + len(links.funding) + len(links.redemptions) + len(links.clauses) + 4) * 2.0**-52
    prices = OfferPrices(
        margin=margin + ulps * magnitude,
        count=count + ulps * count_size,
        distinct=distinct + ulps * np.abs(distinct),
    )
    with np.errstate(over="ignore"):
        worth = math.fsum((economics.base * unit).ravel()) + ulps * float((economics.base * size).sum())
    return prices, math.nextafter(worth, math.inf)


def _redeemed_columns(builder: BlockBuilder, members: Members, around: SegmentSurroundings) -> Ints:
    economics, links = around.economics, around.links
    most, offers = around.potential.redemptions, list(around.index.offers)
    worth = -economics.own_cost[None, :] - np.einsum("wmkt,kt->wm", economics.units, economics.penalty)
    columns = np.full(most.shape, -1, dtype=np.int32)
    for w in range(len(most)):
        possible = np.flatnonzero(members.instance.allowed[w].any(axis=0) & (most[w] > 0))
        names = [offers[o] for o in possible]
        columns[w, possible] = builder.add_columns(
            "redeemed", names, w, upper=most[w, possible], objective=worth[w, possible]
        )
        for partner, paid in economics.funded.items():
            funded = possible[paid[possible] > 0]
            builder.add_links(links.funding[partner, w], columns[w, funded], -paid[funded])
        for offer, row in links.redemptions.items():
            if columns[w, around.index.offers[offer]] >= 0:
                builder.add_links(row, columns[w, around.index.offers[offer]], 1.0)
    return columns


def _service(builder: BlockBuilder, around: SegmentSurroundings, redeemed: Ints) -> dict[str, Ints]:
    economics, potential, periods = around.economics, around.potential, around.index.periods
    served: dict[str, Ints] = {}
    builder.offset -= float((economics.penalty * economics.base).sum())
    t = np.arange(periods, dtype=np.int32)
    for k, product in enumerate(around.index.products):
        most = economics.base[k] + potential.uplift[k]
        if not most.any():
            continue
        worth = economics.revenue[k] + economics.penalty[k]
        columns = builder.add_columns("served", [product] * periods, t, upper=most, objective=worth)
        rows = builder.add_rows("demand", [product] * periods, t, upper=economics.base[k])
        builder.add_entries(rows, columns, 1.0)
        w, o, when = np.nonzero(economics.units[:, :, k, :] * (redeemed >= 0)[:, :, None])
        builder.add_entries(rows[when], redeemed[w, o], -economics.units[w, o, k, when])
        builder.add_links([around.links.market(economics.market, k, int(p)) for p in t], columns, -1.0)
        served[product] = columns
    return served


def _given(
    builder: BlockBuilder, members: Members, pools: Pools, around: SegmentSurroundings
) -> tuple[Ints, tuple[Ints, Ints, Ints]]:
    """Add the share of each pool given each offer; returns columns [pools, W, M] and their coordinates."""
    allowed = members.instance.allowed[:, pools.of_class, :].transpose(1, 0, 2)
    counted = _counted_tiers(members, around)[members.instance.class_group[pools.of_class]]
    useful = allowed & ((pools.redemptions > 0)[:, None, :] | counted[:, None, None])
    pool, w, o = np.nonzero(useful)
    offers = list(around.index.offers)
    keys = [f"{p}/{offers[i]}" for p, i in zip(pool, o, strict=True)]
    columns = builder.add_columns("given", keys, w, upper=1.0, integer=pools.size[pool] == 1)
    given = np.full(useful.shape, -1, dtype=np.int32)
    given[pool, w, o] = columns
    pairs, inverse = np.unique(pool * allowed.shape[1] + w, return_inverse=True)
    rows = builder.add_rows(
        "one-offer", [str(int(p) // allowed.shape[1]) for p in pairs], pairs % allowed.shape[1], upper=1.0
    )
    builder.add_entries(rows[inverse] if len(pairs) else rows, columns, 1.0)
    return given, (pool.astype(np.int32), w.astype(np.int32), o.astype(np.int32))


def _counted_tiers(members: Members, around: SegmentSurroundings) -> Ints:
    floored = {link.clause.tier for link in around.links.clauses if isinstance(link.clause, RewardFloorClause)}
    return np.array([tier in floored for tier in members.tiers])


def _define_redemptions(
    builder: BlockBuilder, pools: Pools, redeemed: Ints, given: Ints, used: tuple[Ints, Ints, Ints]
) -> Ints:
    w, o = np.nonzero(redeemed >= 0)
    place = np.full(redeemed.shape, -1, dtype=np.int32)
    keys = [str(int(i)) for i in o]
    place[w, o] = builder.add_rows("redeemed", keys, w, lower=0.0, upper=0.0)
    builder.add_entries(place[w, o], redeemed[w, o], -1.0)
    pool, window, offer = used
    known = place[window, offer] >= 0
    pool, window, offer = pool[known], window[known], offer[known]
    builder.add_entries(place[window, offer], given[pool, window, offer], pools.redemptions[pool, offer])
    return place[w, o]


def _reached(
    builder: BlockBuilder,
    members: Members,
    pools: Pools,
    given: Ints,
    used: tuple[Ints, Ints, Ints],
    around: SegmentSurroundings,
) -> tuple[dict[tuple[int, int], int], Ints]:
    pool, window, offer = used
    size, group = pools.size.astype(np.float64), members.instance.class_group[pools.of_class]
    reached: dict[tuple[int, int], int] = {}
    rows: list[int] = []
    for link in around.links.clauses:
        clause, w = link.clause, link.scope.window
        if not isinstance(clause, RewardFloorClause) or w is None or clause.tier not in members.tiers:
            continue
        g = members.tiers.index(clause.tier)
        if (g, w) not in reached:
            inside = (group[pool] == g) & (window == w)
            reached[g, w] = int(
                builder.add_columns("reached", [clause.tier], w, upper=float(size[group == g].sum()))[0]
            )
            row = builder.add_rows("reached", [clause.tier], w, lower=0.0, upper=0.0)
            builder.add_entries(row, reached[g, w], -1.0)
            builder.add_entries(row, given[pool[inside], w, offer[inside]], size[pool[inside]])
            rows.extend(int(r) for r in row)
        builder.add_links(link.row, reached[g, w], 1.0)
    return reached, np.array(rows, dtype=np.int32)


def _reached_ever(
    builder: BlockBuilder,
    members: Members,
    pools: Pools,
    given: Ints,
    used: tuple[Ints, Ints, Ints],
    around: SegmentSurroundings,
) -> tuple[dict[str, int], Ints]:
    pool, window, offer = used
    size, group = pools.size.astype(np.float64), members.instance.class_group[pools.of_class]
    ever: dict[str, int] = {}
    rows: list[int] = []
    for link in around.links.clauses:
        clause = link.clause
        if not isinstance(clause, RewardFloorClause) or clause.each_window or clause.tier not in members.tiers:
            continue
        mine = np.flatnonzero(group == members.tiers.index(clause.tier))
        keys = [f"{clause.id}/{p}" for p in mine]
        shares = builder.add_columns("reached-pool", keys, -1, upper=1.0)
        cover = builder.add_rows("reached-pool", keys, -1, upper=0.0)
        builder.add_entries(cover, shares, 1.0)
        place = np.full(len(pools.of_class), -1, dtype=np.int32)
        place[mine] = cover
        inside = (place[pool] >= 0) & np.isin(window, link.scope.reward_windows)
        builder.add_entries(place[pool[inside]], given[pool[inside], window[inside], offer[inside]], -1.0)
        column = builder.add_columns("reached-ever", [clause.id], -1, upper=float(size[mine].sum()))
        row = builder.add_rows("reached-ever", [clause.id], -1, lower=0.0, upper=0.0)
        builder.add_entries(row, column, -1.0)
        builder.add_entries(row, shares, size[mine])
        builder.add_links(link.row, column, 1.0)
        ever[clause.id] = int(column[0])
        rows.extend(int(r) for r in row)
    return ever, np.array(rows, dtype=np.int32)

"""Rewards of an earlier plan as shares of pools: how a segment goes on from what it gave before."""

from __future__ import annotations

import numpy as np
import polars as pl

from actors.formulate.problem import SegmentPart
from solvers.core.program import Floats


def recalled_shares(part: SegmentPart, rewards: pl.DataFrame, customers: pl.Series, offers: pl.Series) -> Floats:
    """Return the part of each pool's redemptions that rewards make up, float64 [pools, W, M] between 0 and 1.

    ``rewards`` has columns customer, window, offer; ``customers`` and ``offers`` are those of the scenario, in its
    order. Rewards of customers of other segments, and of what is no longer there, count nowhere.
    """
    members, pools, instance = part.members, part.pools, part.members.instance
    rows = np.arange(len(members.rows), dtype=np.int64)
    member_of = pl.DataFrame({"customer": customers.gather(members.rows), "member": rows})
    number_of = pl.DataFrame({"offer": offers, "number": np.arange(len(offers), dtype=np.int64)})
    known = rewards.join(member_of, on="customer").join(number_of, on="offer")
    known = known.filter(pl.col("window").is_between(0, instance.windows - 1))
    member, window, offer = (known[name].to_numpy() for name in ("member", "window", "number"))
    chance = np.minimum(instance.weight[member] * instance.response[offer], 1.0)
    pool = np.searchsorted(pools.start, member, side="right") - 1
    redeemed = np.zeros((len(pools.of_class), instance.windows, instance.offers))
    np.add.at(redeemed, (pool, window, offer), chance)
    whole = np.broadcast_to(pools.redemptions[:, None, :], redeemed.shape)
    return np.clip(np.divide(redeemed, whole, out=np.zeros_like(redeemed), where=whole > 0), 0.0, 1.0)

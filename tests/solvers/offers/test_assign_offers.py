"""Whole offers from shares."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.core.errors import InvalidProgram
from solvers.offers.assign import assign
from solvers.offers.instance import OfferInstance
from solvers.offers.ledger import fit_within, totals
from solvers.offers.pools import pool_members


def random_instance(seed: int, members: int, *, spread: float = 0.5, top: float = 0.3) -> OfferInstance:
    """Three classes in two groups, three windows, four offers, one distinct count over all windows."""
    rng = np.random.default_rng(seed)
    sizes = rng.multinomial(members, [0.5, 0.3, 0.2])
    return OfferInstance(
        weight=np.concatenate([np.sort(rng.lognormal(0, spread, n)) for n in sizes]),
        class_start=np.concatenate([[0], np.cumsum(sizes)]),
        class_group=np.array([0, 1, 1], dtype=np.int32),
        response=rng.uniform(0, top, 4),
        allowed=rng.random((3, 3, 4)) < 0.8,
        groups=2,
        distinct_group=np.array([1], dtype=np.int32),
        distinct_windows=np.ones((1, 3), dtype=bool),
    )


def random_share(instance: OfferInstance, seed: int, pools: int) -> np.ndarray:
    """Shares that add up to at most 1 and respect what is allowed."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(instance.offers + 1, 0.5), (pools, instance.windows))[:, :, :-1]
    return share


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    members=st.integers(0, 300),
    most=st.integers(1, 8),
    spread=st.sampled_from([0.0, 0.5, 4.0]),
    top=st.sampled_from([0.3, 3.0]),
)
def test_assignment_stays_below_its_target_and_near_it(
    seed: int, members: int, most: int, spread: float, top: float
) -> None:
    """Redemptions stay at or below the shares' target, and what is missing is smaller than any free member."""
    instance = random_instance(seed, members, spread=spread, top=top)
    pools = pool_members(instance, most=most)
    share = random_share(instance, seed, len(pools.of_class))
    choice = assign(instance, pools, share)
    allowed = instance.allowed[:, pools.of_class, :].transpose(1, 0, 2)
    target = np.einsum("pwo,po->wo", share * allowed, pools.redemptions)
    reached = totals(instance, choice).redemptions
    assert (reached <= target * (1 + 2e-7) + 1e-12).all()
    of = instance.class_of_member()
    for i, w in itertools.product(range(instance.members), range(instance.windows)):
        if choice[i, w] >= 0:
            assert instance.allowed[w, of[i], choice[i, w]]
            continue
        for o in np.flatnonzero(instance.allowed[w, of[i]] & (target[w] > 0)):
            p = min(1.0, instance.weight[i] * instance.response[o])
            assert reached[w, o] + p > target[w, o] - 1e-9 or p == 0


def test_large_pools_realise_their_shares_closely() -> None:
    """With thousands of members, redemptions meet the shares to 0.1 % and counts to 2 %."""
    instance = random_instance(3, 30_000)
    pools = pool_members(instance, most=6)
    share = random_share(instance, 4, len(pools.of_class))
    reached = totals(instance, assign(instance, pools, share))
    wanted = share * instance.allowed[:, pools.of_class, :].transpose(1, 0, 2)
    target = np.einsum("pwo,po->wo", wanted, pools.redemptions)
    np.testing.assert_allclose(reached.redemptions, target, rtol=1e-3)
    per_pool = np.einsum("pwo,p->pw", wanted, pools.size.astype(float))
    group = instance.class_group[pools.of_class]
    counts = np.stack([per_pool[group == g].sum(axis=0) for g in range(2)])
    np.testing.assert_allclose(reached.counts, counts, rtol=0.02)


def test_windows_reach_as_many_distinct_members_as_shares_allow() -> None:
    """Shares of 0.3 in each of three windows reach 90 % of the members, not the same 30 % three times."""
    rng = np.random.default_rng(0)
    instance = OfferInstance(
        weight=np.sort(rng.uniform(0.5, 1.5, 1000)),
        class_start=np.array([0, 1000]),
        class_group=np.zeros(1, dtype=np.int32),
        response=np.array([0.1]),
        allowed=np.ones((3, 1, 1), dtype=bool),
        distinct_group=np.zeros(1, dtype=np.int32),
        distinct_windows=np.ones((1, 3), dtype=bool),
    )
    choice = assign(instance, pool_members(instance, most=1), np.full((1, 3, 1), 0.3))
    assert totals(instance, choice).distinct[0] >= 880


def test_pools_of_one_member_take_whole_shares_as_they_are() -> None:
    """With one member per pool and shares of 0 or 1 up to a solver's rounding, the choice is those shares."""
    instance = random_instance(11, 12, spread=3.0)
    pools = pool_members(instance, most=12)
    rng = np.random.default_rng(5)
    share = np.zeros((12, 3, 4))
    for p, w in itertools.product(range(12), range(3)):
        options = [-1, *np.flatnonzero(instance.allowed[w, pools.of_class[p]])]
        pick = rng.choice(options)
        if pick >= 0:
            share[p, w, pick] = 1.0
    noisy = share + rng.uniform(-1e-9, 1e-9, share.shape)
    expected = np.where(share.any(axis=2), share.argmax(axis=2), -1)
    np.testing.assert_array_equal(assign(instance, pools, noisy), expected)


def test_pools_refuse_to_be_none() -> None:
    """A number of pools below one is an invalid program."""
    with pytest.raises(InvalidProgram, match="at least 1"):
        pool_members(random_instance(0, 5), most=0)


def test_fitting_skips_what_is_too_large_and_ends_at_the_need() -> None:
    """Largest first, sizes above what is left are passed over; the need ends it."""
    assert fit_within(np.array([5.0, 4.0, 3.0, 2.0]), 8.0).tolist() == [0, 2]
    assert fit_within(np.array([2.0, 3.0, 4.0]), 8.0).tolist() == [0, 1]
    assert fit_within(np.array([1.0, 1.0, 1.0, 1.0]), 8.0, 2.0).tolist() == [0, 1]
    assert fit_within(np.array([3.0]), 2.0).tolist() == []

"""The best response against exact rational enumeration, and its recomputation against both."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.core.errors import InvalidProgram
from solvers.offers.best_response import best_response
from solvers.offers.instance import OfferInstance, OfferPrices
from solvers.offers.verify import response_bound

WEIGHTS = st.one_of(
    st.sampled_from([0.0, 1.0, 1.0, 2.5, 1e-3, 1e3]),
    st.floats(0, 10, allow_subnormal=False),
    st.floats(-3, 3).map(lambda e: 10.0**e),
)
MONEY = st.one_of(st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.1]), st.floats(-5, 5, allow_subnormal=False))
RESPONSES = st.one_of(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.floats(0, 1.5, allow_subnormal=False))


@st.composite
def problems(draw: st.DrawFn) -> tuple[OfferInstance, OfferPrices]:
    """Draw small instances with ties, zeros, clipped members and prices of any sign."""
    windows, offers, groups, counts = (draw(st.integers(*b)) for b in ((1, 3), (1, 3), (1, 2), (0, 2)))
    sizes = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    weights = [sorted(draw(st.lists(WEIGHTS, min_size=n, max_size=n))) for n in sizes]

    def flags(*shape: int) -> np.ndarray:
        n = int(np.prod(shape))
        return np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool).reshape(shape)

    def money(*shape: int) -> np.ndarray:
        n = int(np.prod(shape))
        return np.array(draw(st.lists(MONEY, min_size=n, max_size=n)), dtype=float).reshape(shape)

    instance = OfferInstance(
        weight=np.array(list(itertools.chain(*weights)), dtype=float),
        class_start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        class_group=np.array([draw(st.integers(0, groups - 1)) for _ in sizes], dtype=np.int32),
        response=np.array(draw(st.lists(RESPONSES, min_size=offers, max_size=offers)), dtype=float),
        allowed=flags(windows, len(sizes), offers),
        groups=groups,
        distinct_group=np.array([draw(st.integers(0, groups - 1)) for _ in range(counts)], dtype=np.int32),
        distinct_windows=flags(counts, windows),
    )
    return instance, OfferPrices(margin=money(windows, offers), count=money(groups, windows), distinct=money(counts))


def exact_optimum(instance: OfferInstance, prices: OfferPrices) -> Fraction:
    """Enumerate every member's choices in rational arithmetic."""
    total = Fraction(0)
    for i, c in enumerate(instance.class_of_member()):
        options = [[-1, *np.flatnonzero(instance.allowed[w, c])] for w in range(instance.windows)]
        total += max(member_worth(instance, prices, i, picks) for picks in itertools.product(*options))
    return total


def member_worth(instance: OfferInstance, prices: OfferPrices, i: int, picks: tuple[int, ...]) -> Fraction:
    """Evaluate one member's choices in rational arithmetic."""
    group = instance.class_group[instance.class_of_member()[i]]
    worth = Fraction(0)
    for w, o in enumerate(picks):
        if o >= 0:
            p = min(Fraction(1), Fraction(float(instance.weight[i])) * Fraction(float(instance.response[o])))
            worth += p * Fraction(float(prices.margin[w, o])) + Fraction(float(prices.count[group, w]))
    for q in np.flatnonzero(instance.distinct_group == group):
        if any(o >= 0 and instance.distinct_windows[q, w] for w, o in enumerate(picks)):
            worth += Fraction(float(prices.distinct[q]))
    return worth


@settings(max_examples=300, deadline=None)
@given(problems())
def test_value_encloses_the_exact_optimum_from_above(problem: tuple[OfferInstance, OfferPrices]) -> None:
    """Both the fast value and the recomputed one lie above the exact optimum by no more than rounding explains."""
    instance, prices = problem
    exact = exact_optimum(instance, prices)
    for upper in (best_response(instance, prices).value_upper, response_bound(instance, prices)):
        assert Fraction(upper) >= exact
        assert float(Fraction(upper) - exact) <= 1e-11 * (1 + float(np.sum(instance.weight))) * 50


@settings(max_examples=200, deadline=None)
@given(problems())
def test_choice_is_allowed_attains_the_value_and_gives_the_reported_quantities(
    problem: tuple[OfferInstance, OfferPrices],
) -> None:
    """The choice per member reaches the optimum and adds up to the redemptions and counts reported."""
    instance, prices = problem
    answer = best_response(instance, prices, with_choice=True)
    assert answer.choice is not None
    members = instance.class_of_member()
    redemptions, counts = np.zeros_like(answer.redemptions), np.zeros_like(answer.counts)
    distinct = np.zeros_like(answer.distinct)
    worth = Fraction(0)
    for i, picks in enumerate(answer.choice):
        worth += member_worth(instance, prices, i, tuple(picks))
        group = instance.class_group[members[i]]
        for w, o in enumerate(picks):
            if o >= 0:
                assert instance.allowed[w, members[i], o]
                redemptions[w, o] += min(1.0, instance.weight[i] * instance.response[o])
                counts[group, w] += 1
        for q in np.flatnonzero(instance.distinct_group == group):
            distinct[q] += any(o >= 0 for o in picks[instance.distinct_windows[q]])
    assert float(Fraction(answer.value_upper) - worth) <= 1e-11 * (1 + float(np.sum(instance.weight))) * 50
    np.testing.assert_allclose(answer.redemptions, redemptions, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(answer.counts, counts)
    np.testing.assert_array_equal(answer.distinct, distinct)


def block(weight: list[float], response: list[float], *, windows: int = 1, distinct: bool = False) -> OfferInstance:
    """One class, everything allowed."""
    return OfferInstance(
        weight=np.array(weight),
        class_start=np.array([0, len(weight)]),
        class_group=np.zeros(1, dtype=np.int32),
        response=np.array(response),
        allowed=np.ones((windows, 1, len(response)), dtype=bool),
        distinct_group=np.zeros(int(distinct), dtype=np.int32),
        distinct_windows=np.ones((int(distinct), windows), dtype=bool),
    )


def test_ties_go_to_no_offer_and_then_to_the_lowest_offer() -> None:
    """Worth exactly zero gives nothing; equally good offers give the first."""
    tied = best_response(
        block([1.0, 2.0], [0.25, 0.25]),
        OfferPrices(margin=np.full((1, 2), 2.0), count=np.zeros((1, 1))),
        with_choice=True,
    )
    assert tied.choice is not None
    assert tied.choice.tolist() == [[0], [0]]
    worthless = best_response(
        block([1.0, 2.0], [0.25]), OfferPrices(margin=np.full((1, 1), -4.0), count=np.ones((1, 1))), with_choice=True
    )
    assert worthless.choice is not None
    assert worthless.choice.tolist() == [[-1], [-1]]


def test_an_offer_that_is_never_redeemed_still_counts() -> None:
    """With a price on counts, an offer of probability zero is given to everyone."""
    answer = best_response(
        block([0.0, 1.0, 9.0], [0.5, 0.0]), OfferPrices(margin=np.array([[-1.0, -1.0]]), count=np.full((1, 1), 0.01))
    )
    assert answer.counts.tolist() == [[3.0]]
    assert answer.redemptions.sum() == 0


def test_a_distinct_price_buys_the_cheapest_window_once() -> None:
    """A member worth nothing in any window is given one offer, in the window that costs least."""
    answer = best_response(
        block([1.0], [0.5], windows=3, distinct=True),
        OfferPrices(margin=np.array([[-2.0], [-1.0], [-1.0]]), count=np.zeros((1, 3)), distinct=np.array([0.75])),
        with_choice=True,
    )
    assert answer.choice is not None
    assert answer.choice.tolist() == [[-1, 0, -1]]
    assert answer.distinct.tolist() == [1.0]


def test_six_decades_and_many_members_agree_with_recomputation() -> None:
    """On 20,000 members over six decades the prefix sums and the member-by-member bound agree to 1e-10."""
    rng = np.random.default_rng(7)
    instance = block(sorted(10.0 ** rng.uniform(-3, 3, 20_000)), [0.3, 0.01, 1e-4], windows=2)
    prices = OfferPrices(margin=rng.normal(size=(2, 3)), count=rng.normal(size=(1, 2)) / 50)
    fast, slow = best_response(instance, prices).value_upper, response_bound(instance, prices)
    assert abs(fast - slow) <= 1e-10 * slow


def test_what_does_not_fit_is_refused() -> None:
    """Falling weights and prices of another shape are invalid programs."""
    with pytest.raises(InvalidProgram, match="ascend inside a class"):
        block([2.0, 1.0], [0.5])
    with pytest.raises(InvalidProgram, match="margin"):
        best_response(block([1.0], [0.5]), OfferPrices(margin=np.zeros((2, 1)), count=np.zeros((1, 1))))

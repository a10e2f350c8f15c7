"""What is certified of a decision over scenarios holds wherever the true worths lie between value and bound."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.robustness import (
    IMPOSSIBLE,
    Interval,
    certified,
    choose,
    cvar,
    largest,
    regret,
    worst_case,
)

Known = tuple[float, float, float]
"""A value, how far its bound is above, and at which share of the way the truth lies."""
numbers = st.floats(-1e4, 1e4).map(lambda x: round(x, 3))
known = st.tuples(numbers, st.floats(0, 1e3), st.floats(0, 1))
alphas = st.floats(0, 0.99)


def interval(each: Known) -> Interval:
    """Return the interval of what is known."""
    return Interval(each[0], each[0] + each[1])


def truth(each: Known) -> float:
    """Return where the truth lies in it."""
    return each[0] + each[2] * each[1]


def brute_cvar(worths: list[float], alpha: float) -> float:
    """Return the mean of the worst share by the variational formula, at every kink of which it is tried."""
    return max(
        level - sum(max(level - worth, 0.0) for worth in worths) / ((1 - alpha) * len(worths)) for level in worths
    )


def inside(worth: float, found: Interval) -> bool:
    """Tell whether a worth lies in an interval, up to rounding."""
    slack = 1e-9 * (1.0 + abs(worth))
    return found.low - slack <= worth <= found.high + slack


@given(cases=st.lists(known, min_size=1, max_size=12), alpha=alphas)
def test_worst_case_and_cvar_of_the_truth_lie_in_their_intervals(cases: list[Known], alpha: float) -> None:
    """Both by brute force, wherever each scenario's best plan lies between value and bound."""
    worths = [truth(each) for each in cases]
    assert inside(min(worths), worst_case([interval(each) for each in cases]))
    assert inside(brute_cvar(worths, alpha), cvar([interval(each) for each in cases], alpha))


@given(worths=st.lists(numbers, min_size=1, max_size=12), alpha=alphas)
def test_cvar_is_the_variational_one_between_worst_case_and_mean(worths: list[float], alpha: float) -> None:
    """Of exactly known worths it is a number, and grows from the worst case to the mean as alpha falls."""
    exact = [Interval(worth, worth) for worth in worths]
    found = cvar(exact, alpha)
    assert found.low == found.high == pytest.approx(brute_cvar(worths, alpha), rel=1e-9, abs=1e-6)
    assert min(worths) - 1e-6 <= found.low <= sum(worths) / len(worths) + 1e-6
    assert cvar(exact, 0.0).low == pytest.approx(sum(worths) / len(worths), abs=1e-6)
    assert cvar(exact, 1 - 1e-6).low == pytest.approx(min(worths))


@given(cases=st.lists(st.tuples(known, known), min_size=1, max_size=8))
def test_the_true_regret_lies_in_its_interval(cases: list[tuple[Known, Known]]) -> None:
    """The decision never beats the best plan of a scenario, so its loss is the difference of the two."""
    losses, found = [], []
    for free, held in cases:
        best = max(truth(free), truth(held))
        losses.append(best - truth(held))
        found.append(regret(Interval(free[0], max(free[0] + free[1], best)), interval(held)))
    for loss, each in zip(losses, found, strict=True):
        assert inside(loss, each)
    assert inside(max(losses), largest(found))


@given(cases=st.lists(known, min_size=1, max_size=8))
def test_a_choice_that_is_proven_is_the_best(cases: list[Known]) -> None:
    """Without rivals nothing else is worth more, and everything that is worth more is a rival."""
    choice = choose([interval(each) for each in cases])
    best = truth(cases[choice.best])
    better = {i for i, each in enumerate(cases) if truth(each) > best and i != choice.best}
    assert better <= set(choice.rivals)
    assert choice.proven == (not choice.rivals)


def test_what_cannot_be_carried_out_is_worth_nothing_and_loses_everything() -> None:
    """One impossible scenario decides the worst case and any tail that it lies in."""
    worths = [Interval(1, 2), IMPOSSIBLE, Interval(3, 4)]
    assert worst_case(worths) == cvar(worths, 0.5) == IMPOSSIBLE
    assert regret(Interval(5, 6), IMPOSSIBLE) == Interval(math.inf, math.inf)
    assert choose([IMPOSSIBLE, Interval(1, 2)]).best == 1
    assert choose([IMPOSSIBLE, IMPOSSIBLE]).proven


def test_where_nothing_was_found_only_the_known_end_counts() -> None:
    """No value leaves everything possible below, no bound everything above."""
    assert certified(None, 10.0).low == -math.inf
    assert certified(10.0, None).high == math.inf
    assert cvar([certified(None, 10.0), certified(4.0, 5.0)], 0.0).low == -math.inf
    assert regret(certified(4.0, None), certified(None, None)) == Interval(0.0, math.inf)
    assert certified(100.0, 100.0 - 1e-5).high >= certified(100.0, 100.0 - 1e-5).low


@pytest.mark.parametrize("alpha", [-0.1, 1.0, math.nan])
def test_a_share_outside_zero_and_one_is_refused(alpha: float) -> None:
    """A tail has some mass, and no more than all."""
    with pytest.raises(ValueError, match="alpha"):
        cvar([Interval(1, 2)], alpha)


def test_nothing_is_said_of_no_scenario_and_no_interval_turns_around() -> None:
    """Empty questions and intervals whose ends are swapped are errors."""
    for question in (worst_case, largest, choose):
        with pytest.raises(ValueError, match="at least"):
            question([])
    with pytest.raises(ValueError, match="alpha"):
        cvar([], 0.5)
    with pytest.raises(ValueError, match="not smaller"):
        Interval(2, 1)

"""Factors are compared where nothing else differs, and how two act together is told with what bounds prove of it."""

from __future__ import annotations

import pytest

from planner.application.factor_effects import AS_IT_IS, factor_effects
from planner.application.interactions import chosen_interaction, interactions
from planner.application.level_groups import level_groups
from planner.domain.errors import InvalidRequest
from tests.what_if_results import case, results

CROSSED = (
    case("base", 100.0, 101.0),
    case("a=1, b=1", 10.0, 11.0),
    case("a=1, b=2", 20.0, 21.0),
    case("a=2, b=1", 30.0, 31.0),
    case("a=2, b=2", 70.0, 71.0),
)


def test_numbers_stay_apart_while_they_are_few_and_ascend_as_numbers() -> None:
    """Up to six numbers are groups of their own, 10 after 9; more are thirds; texts are never cut."""
    assert list(level_groups(["10", "9", "9"]).values()) == ["9", "10"]
    assert set(level_groups(map(str, range(31))).values()) == {"0–10", "10–20", "20–30"}
    assert level_groups(["1", "true"]) == {"1": "1", "true": "true"}
    assert level_groups(["0.123456789012"]) == {"0.123456789012": "0.123457"}


def test_levels_are_compared_over_the_same_levels_of_all_others() -> None:
    """A sampled case beside a crossed grid does not disturb the comparison of a factor's levels."""
    disturbed = results(*CROSSED, case("a=1, b=9", 1000.0, 1001.0))
    effects = {effect.factor: effect for effect in factor_effects(disturbed, "bound_checked")}
    a = effects["a"]
    assert a.matched
    assert (a.worst.level, a.best.level, a.moves_by) == ("1", "2", pytest.approx(35.0))
    assert (a.low, a.high) == (pytest.approx(34.0), pytest.approx(36.0))


def test_a_case_of_one_factor_is_compared_with_the_base() -> None:
    """What the base has is a level of its own, called as it is."""
    (effect,) = factor_effects(results(case("base", 100.0, 101.0), case("a=2", 90.0, None)), "bound_checked")
    assert (effect.worst.level, effect.best.level) == ("2", AS_IT_IS)
    assert effect.low is None


def test_without_cases_alike_in_all_others_these_are_mixed_in_and_it_is_said() -> None:
    """A sample has no two cases that differ in one factor only."""
    sampled = results(*(case(f"a={n}, b={(3 * n) % 7}", 10.0 + n, 11.0 + n) for n in range(7)))
    first, second = factor_effects(sampled, "bound_checked")
    assert (first.matched, second.matched) == (False, False)
    assert (first.factor, first.worst.level, first.best.level) == ("a", "0–2", "4–6")
    (found,) = interactions(sampled, "bound_checked")
    assert found.first == ("0–2", "2–4", "4–6")


def test_effects_that_do_not_add_up_are_proven_by_the_bounds_of_four_cases() -> None:
    """From b=1 to 2 the value gains 10 at a=1 and 40 at a=2: 30 more, within the gaps of four cases."""
    (found,) = interactions(results(*CROSSED), "bound_checked")
    told = found.contrast
    assert told is not None
    assert (told.found, told.low, told.high) == pytest.approx((30.0, 28.0, 32.0))
    assert told.matched
    assert told.is_proven
    assert found.cells["2", "2"].value == 70.0


def test_effects_that_add_up_and_missing_bounds_prove_nothing() -> None:
    """A contrast of 0 is not proven, and one without a bound has no interval."""
    additive = results(*CROSSED[:4], case("a=2, b=2", 40.0, 41.0))
    (found,) = interactions(additive, "bound_checked")
    assert found.contrast is not None
    assert not found.contrast.is_proven
    (open_,) = interactions(results(*CROSSED[:4], case("a=2, b=2", 70.0, None)), "bound_checked")
    assert open_.contrast is not None
    assert (open_.contrast.low, open_.contrast.is_proven) == (None, False)


def test_a_chosen_pair_is_shown_in_the_order_asked_and_others_are_refused() -> None:
    """Rows and columns change places together with the contrast, and unknown names are told with known ones."""
    cases = results(*CROSSED, case("c=1", 5.0, 6.0))
    turned = chosen_interaction(cases, "bound_checked", ("b", "a"))
    assert (turned.factors, turned.cells["1", "2"].value) == (("b", "a"), 30.0)
    assert turned.contrast is not None
    assert turned.contrast.found == pytest.approx(30.0)
    with pytest.raises(InvalidRequest, match="no case has a factor 'z'"):
        chosen_interaction(cases, "bound_checked", ("z", "a"))
    with pytest.raises(InvalidRequest, match="cross them"):
        chosen_interaction(cases, "bound_checked", ("a", "c"))
    with pytest.raises(InvalidRequest, match="name two"):
        chosen_interaction(cases, "bound_checked", ("a", "a"))

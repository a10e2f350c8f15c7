"""Fronts, clause prices and partners across the cases of a run."""

from __future__ import annotations

import pytest

from planner.application.clause_spread import clause_spreads
from planner.application.pareto_front import pareto_front
from planner.application.partner_spread import partner_moves
from planner.domain.errors import InvalidRequest
from tests.what_if_results import case, clause, partner, results


def test_the_front_holds_who_is_not_beaten_in_both_measures() -> None:
    """Equal cases beat each other in nothing, and failed ones are left out."""
    cases = results(
        case("a=1", 10.0, 10.0, fill_rate=0.5),
        case("a=2", 10.0, 10.0, fill_rate=0.5),
        case("a=3", 5.0, 5.0, fill_rate=0.9),
        case("a=4", 4.0, 4.0, fill_rate=0.8),
        case("a=5", None, outcome="failed"),
    )
    front = pareto_front(cases, ("value", "fill_rate"), "bound_checked")
    assert [placed.name for placed in front.front] == ["a=1", "a=2", "a=3"]
    assert front.left_out == 1
    assert [placed.settled for placed in front.cases] == [False, False, True, True]


def test_a_beaten_case_whose_bound_reaches_higher_is_undecided() -> None:
    """It may be worth more than all that beat it, if it is planned further."""
    cases = results(case("a=1", 10.0, 10.0, fill_rate=0.5), case("a=2", 9.0, 10.5, fill_rate=0.4))
    first, second = pareto_front(cases, ("value", "fill_rate"), "bound_checked").cases
    assert (first.on_front, second.on_front) == (True, False)
    assert not second.settled


def test_a_case_of_the_front_is_undecided_while_another_may_be_worth_as_much() -> None:
    """The case that serves better is worth less as found, but its bound lies above."""
    cases = results(case("a=1", 10.0, 10.5, fill_rate=0.5), case("a=2", 9.0, 10.2, fill_rate=0.6))
    placed = {each.name: each for each in pareto_front(cases, ("fill_rate", "value"), "bound_checked").cases}
    assert (placed["a=1"].on_front, placed["a=1"].settled) == (True, False)
    assert (placed["a=2"].on_front, placed["a=2"].settled) == (True, True)


def test_measures_of_which_less_is_better_are_turned_and_gaps_play_no_part() -> None:
    """Fewer late orders and less spend win."""
    cases = results(
        case("a=1", 1.0, 9.0, late_orders=3.0, own_spend=5.0), case("a=2", 2.0, 9.0, late_orders=2.0, own_spend=4.0)
    )
    front = pareto_front(cases, ("late_orders", "own_spend"), "bound_checked")
    assert [placed.name for placed in front.front] == ["a=2"]
    assert all(placed.settled and placed.bound is None for placed in front.cases)


def test_unknown_and_equal_measures_are_refused() -> None:
    """The error names what was meant, or asks for two."""
    with pytest.raises(InvalidRequest, match="did you mean 'fill_rate'"):
        pareto_front(results(), ("value", "fil_rate"), "bound_checked")
    with pytest.raises(InvalidRequest, match="needs two measures"):
        pareto_front(results(), ("value", "value"), "bound_checked")


def test_clauses_are_ordered_by_how_far_the_worth_of_one_per_cent_moves() -> None:
    """A price per unit of something plentiful can matter more than a high one of something rare."""
    cases = results(
        case("base", 1.0, clauses=[clause("rare", 50.0, measure=1.0), clause("plenty", 0.0), clause("idle", 0.0)]),
        case("a=1", 2.0, clauses=[clause("rare", 90.0, measure=1.0), clause("plenty", 2.0, violation=1.0)]),
        case("a=2", None, outcome="failed", clauses=[clause("plenty", 99.0)]),
    )
    plenty, rare, idle = clause_spreads(cases)
    assert (plenty.clause, plenty.worth, plenty.binding, plenty.violated) == ("plenty", (0.0, 2.0), 1, 1)
    assert (plenty.low, plenty.median, plenty.high, plenty.dearest) == (0.0, 1.0, 2.0, "a=1")
    assert (rare.clause, rare.moves_by) == ("rare", pytest.approx(0.4))
    assert (idle.cases, idle.binding) == (1, 0)


def test_partners_are_told_at_the_reference_and_at_their_extremes() -> None:
    """What is zero everywhere is left out, and a run without a base has no figure for it."""
    cases = results(
        case("base", 1.0, partners=[partner("brand", -5.0), partner("shop", 0.0, orders=7.0)]),
        case("a=1", 2.0, partners=[partner("brand", -9.0), partner("shop", 0.0, orders=8.0)]),
    )
    brand, shop = partner_moves(cases, "base")
    assert (brand.measure, brand.at_reference, brand.low, brand.low_case) == ("money", -5.0, -9.0, "a=1")
    assert (shop.measure, shop.high, shop.high_case, shop.moves_by) == ("orders", 8.0, "a=1", 1.0)
    assert partner_moves(cases.tail(1), "base")[0].at_reference is None
    assert partner_moves(cases.clear(), "base") == ()

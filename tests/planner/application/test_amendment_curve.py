"""A curve over a clause's number is proven by all numbers that must be worth less or more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.application.amendment_curve import NOT_BETTER, NOT_WORSE, THE_SAME, AmendmentCurve, amendment_curve
from planner.domain.comparison import BETTER, NEITHER, UNDECIDED, WORSE
from tests.what_if_results import case, clause, partner, results


def curve(*rows: dict[str, object], looser: int = 1, present: float | None = 5.0) -> AmendmentCurve:
    """Return the curve of a budget's maximum over cases that are named n=NUMBER."""
    numbers = {str(row["name"]): float(str(row["name"])[2:]) for row in rows if row["name"] != "base"}
    return amendment_curve(results(*rows), numbers, ("brand/budget", "max"), present=present, looser=looser)


def test_planned_numbers_narrow_each_other_where_more_only_loosens() -> None:
    """The best plan at 6 is worth at least what was found at 3, and at most the bound at 9."""
    told = curve(case("n=3", 10.0, 20.0), case("n=6", 8.0, 30.0), case("n=9", 12.0, 14.0), present=None)
    assert [point.worth for point in told.points] == [(10.0, 14.0), (10.0, 14.0), (12.0, 14.0)]
    apart = curve(case("n=3", 10.0, 20.0), case("n=6", 8.0, 30.0), looser=0, present=None)
    assert apart.points[1].worth == (8.0, 30.0)


steps = st.lists(st.tuples(*[st.floats(0, 20)] * 3, st.booleans()), min_size=2, max_size=8)


@given(steps=steps, looser=st.sampled_from([1, -1]), own=st.integers(0, 7))
def test_no_interval_or_verdict_contradicts_the_best_plans_wherever_they_lie(
    steps: list[tuple[float, float, float, bool]], looser: int, own: int
) -> None:
    """Whatever is gained from number to number and however wide gaps are: intervals hold it and proofs are true."""
    best = [100.0]
    for rise, *_ in steps[1:]:
        best.append(best[-1] + rise)
    at = own % len(best)
    numbers = {f"n={n}": float(looser * n) for n in range(len(best))}
    cases = [
        case(f"n={n}", best[n] - low, best[n] + high) for n, (_, low, high, planned) in enumerate(steps) if planned
    ]
    base = case("base", best[at] - steps[at][1], best[at] + steps[at][2])
    told = amendment_curve(
        results(base, *cases), numbers, ("brand/budget", "max"), present=float(looser * at), looser=looser
    )
    for point in told.points:
        gain = best[int(looser * point.number)] - best[at]
        low, high = point.gain
        assert low is None or low <= gain + 1e-6
        assert high is None or gain <= high + 1e-6
        assert point.verdict != BETTER or gain > 0
        assert point.verdict != WORSE or gain < 0
        assert point.verdict != NOT_WORSE or gain >= 0
        assert point.verdict != NOT_BETTER or gain <= 0
        assert point.verdict != THE_SAME or abs(gain) <= 1e-6


def test_where_less_loosens_the_order_is_turned() -> None:
    """A lower minimum allows more plans."""
    told = curve(case("n=3", 8.0, 14.0), case("n=6", 10.0, 30.0), looser=-1, present=None)
    assert [point.worth for point in told.points] == [(10.0, 14.0), (10.0, 14.0)]


def test_the_number_as_it_is_decides_the_sign_and_gaps_the_rest() -> None:
    """Tightening cannot gain, loosening cannot lose, and the present number itself changes nothing."""
    base = case("base", 10.0, 11.0)
    told = curve(base, case("n=1", 5.0, 6.0), case("n=4", 10.0, 10.5), case("n=5", 10.0, 11.0), case("n=9", 13.0, 14.0))
    assert [point.verdict for point in told.points] == [WORSE, NOT_BETTER, THE_SAME, BETTER]
    assert told.points[1].gain == (pytest.approx(-1.0, abs=1e-4), 0.0)
    assert told.points[2].gain == (0.0, 0.0)
    (near,) = curve(base, case("n=6", 10.5, 11.0)).points
    assert near.verdict == NOT_WORSE
    (unknown,) = curve(base, case("n=6", 10.5, 11.0), looser=0).points
    assert unknown.verdict == UNDECIDED


def test_what_cannot_be_planned_or_was_not_yet_has_a_point_too() -> None:
    """An infeasible number is proven worse, one without a result is still bounded by its neighbours."""
    rows = results(case("base", 10.0, 11.0), case("n=1", None, outcome="infeasible"), case("n=9", 13.0, 14.0))
    told = amendment_curve(rows, {"n=1": 1.0, "n=7": 7.0, "n=9": 9.0}, ("brand/budget", "max"), present=5.0, looser=1)
    infeasible, missing, _ = told.points
    assert (infeasible.outcome, infeasible.verdict) == ("infeasible", WORSE)
    assert (missing.verdict, missing.worth) == ("not planned yet", (10.0, 14.0))


@pytest.mark.parametrize("looser", [1, 0])
def test_where_nothing_can_be_planned_nothing_is_gained_or_lost(looser: int) -> None:
    """Numbers that leave an infeasible scenario so are no better and no worse; one that repairs it is."""
    base = case("base", None, outcome="infeasible")
    told = curve(base, case("n=1", None, outcome="infeasible"), case("n=7", None, outcome="infeasible"), looser=looser)
    assert [(point.verdict, point.gain) for point in told.points] == [(NEITHER, (None, None))] * 2
    (repaired,) = curve(base, case("n=9", 13.0, 14.0), looser=looser).points
    assert repaired.verdict == BETTER


def test_partners_are_those_to_whom_plans_mean_something_else() -> None:
    """Who gets the same everywhere is left out, and prices are summed over windows."""
    alike = partner("shop", 1.0)
    told = curve(
        case("base", 10.0, 11.0, partners=[partner("brand", -3.0), alike]),
        case("n=9", 12.0, 13.0, partners=[partner("brand", -5.0), alike], clauses=[clause("brand/budget", 0.5)] * 2),
    )
    assert told.partners() == ("brand",)
    assert told.points[0].price == 1.0
    assert told.points[0].partners["brand"]["money"] == -5.0


def test_results_without_base_or_partners_make_a_curve() -> None:
    """Nothing is gained over what is not known, and older results tell nothing of partners."""
    told = curve(case("n=9", 12.0, 13.0), present=None)
    assert told.as_it_is.verdict == "not planned yet"
    assert told.points[0].gain == (None, None)
    assert told.partners() == ()

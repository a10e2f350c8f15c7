"""Claims held against recomputation and reference: each kind of false claim is refuted, true ones are left alone."""

from __future__ import annotations

import pytest

from benchmarks.instances.claims import Checked, relative_gap, verdict
from benchmarks.instances.references import Reference, Sense
from benchmarks.subject import Answer, Verdict
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats

OPTIMAL = Reference(sense="min", value=100.0, bound=100.0, status="optimal")
STILL_OPEN = Reference(sense="max", value=100.0, bound=110.0, status="open", precision=0.5)


def _judge(
    answer: Answer,
    *,
    value: float = 100.0,
    violation: float = 0.0,
    certified: float = 90.0,
    sense: Sense = "min",
    reference: Reference | None = None,
) -> Verdict:
    checked = Checked(value=value, violation=violation, violated=("row 1",) if violation > 0 else ())
    return verdict(answer, check=lambda _: checked, certify=lambda _: certified, sense=sense, reference=reference)


def test_true_claims_stand() -> None:
    """Value and bound that agree with recomputation and reference leave no problem, and their gap is told."""
    found = _judge(Answer(solution=[1.0], value=100.0, bound=99.0), reference=OPTIMAL)
    assert found.problems == ()
    assert (found.value, found.bound, found.bound_checked, found.gap) == (100.0, 99.0, False, 0.01)
    found = _judge(Answer(solution=[1.0], value=104.0, bound=109.0), value=104.0, sense="max", reference=STILL_OPEN)
    assert found.problems == ()


@pytest.mark.parametrize(
    ("answer", "value", "sense", "reference", "told"),
    [
        (Answer(solution=[1.0], value=95.0), 100.0, "min", None, "claimed value 95, recomputed 100"),
        (
            Answer(solution=[1.0], bound=101.0),
            102.0,
            "min",
            OPTIMAL,
            "bound 101 is on the wrong side of the reference 100",
        ),
        (
            Answer(bound=99.0, stopped="time limit"),
            0.0,
            "max",
            STILL_OPEN,
            "bound 99 is on the wrong side of the reference",
        ),
        (
            Answer(solution=[1.0], bound=103.0),
            102.0,
            "min",
            None,
            "bound 103 is on the wrong side of the value 102 found",
        ),
        (Answer(solution=[1.0]), 99.0, "min", OPTIMAL, "value 99 is better than the reference proves possible, 100"),
        (Answer(solution=[1.0]), 111.0, "max", STILL_OPEN, "value 111 is better than the reference proves possible"),
        (Answer(solution=[1.0]), 101.0, "min", OPTIMAL, "finished with 101, the reference is 100"),
        (Answer(), 0.0, "min", None, "ended without a solution and without a reason"),
        (Answer(bound=95.0, certificate=[1.0]), 0.0, "min", None, "claimed bound 95, recomputed 90"),
    ],
)
def test_false_claims_are_refuted(
    answer: Answer, value: float, sense: Sense, reference: Reference | None, told: str
) -> None:
    """A claim that recomputation or the reference contradicts is named with both numbers."""
    problems = _judge(answer, value=value, sense=sense, reference=reference).problems
    assert any(told in problem for problem in problems), problems


def test_a_run_stopped_at_a_limit_may_miss_the_reference() -> None:
    """Worse than optimal is no problem for a run that says it was stopped."""
    answer = Answer(solution=[1.0], value=101.0, bound=99.5, stopped="time limit")
    assert _judge(answer, value=101.0, reference=OPTIMAL).problems == ()


def test_a_reference_is_as_precise_as_its_digits() -> None:
    """Half a unit of the reference's last digit decides nothing, more than that does."""
    within = Answer(solution=[1.0], value=110.4, bound=110.4)
    assert _judge(within, value=110.4, sense="max", reference=STILL_OPEN).problems == ()
    beyond = Answer(solution=[1.0], value=110.6, bound=110.6)
    assert _judge(beyond, value=110.6, sense="max", reference=STILL_OPEN).problems != ()


def test_an_infeasible_solution_has_no_value() -> None:
    """A solution that breaks a constraint counts for nothing, and the constraint is told."""
    found = _judge(Answer(solution=[1.0], value=50.0, bound=50.0), value=50.0, violation=0.01, reference=OPTIMAL)
    assert (found.value, found.gap, found.violation, found.violated) == (None, None, 0.01, ("row 1",))


def test_a_certified_bound_takes_the_place_of_the_claimed_one() -> None:
    """With multipliers the bound is the recomputed one, marked as checked."""
    found = _judge(Answer(solution=[1.0], value=100.0, bound=90.00001, certificate=[1.0]))
    assert (found.bound, found.bound_checked, found.gap) == (90.0, True, 0.1)
    assert found.problems == ()


def test_what_cannot_be_checked_is_a_problem_and_no_crash() -> None:
    """Solutions of another size, and multipliers that prove nothing, are told as problems of the answer."""

    def refuse(_: Floats) -> Checked:
        raise ValueError("a solution of 3 finite numbers was expected")

    def prove_nothing(_: Floats) -> float:
        raise InvalidProgram("column 4 is unbounded")

    found = verdict(Answer(solution=[1.0]), check=refuse, certify=prove_nothing, sense="min")
    assert (found.value, found.problems) == (None, ("a solution of 3 finite numbers was expected",))
    found = verdict(Answer(bound=3.0, certificate=[1.0]), check=refuse, certify=prove_nothing, sense="min")
    assert (found.bound, found.bound_checked, found.problems) == (3.0, False, ("column 4 is unbounded",))


@pytest.mark.parametrize(
    ("value", "bound", "sense", "gap"),
    [
        (10.0, 8.0, "min", 0.2),
        (10.0, 12.0, "max", 0.2),
        (-10.0, -12.0, "min", 0.2),
        (10.0, 11.0, "min", 0.0),
        (0.0, 0.0, "max", 0.0),
        (0.0, 1.0, "max", None),
        (None, 1.0, "max", None),
        (1.0, None, "max", None),
    ],
)
def test_the_gap_is_relative_to_the_value(
    value: float | None, bound: float | None, sense: Sense, gap: float | None
) -> None:
    """The distance of bound and value in the problem's sense, as a share of the value, never below zero."""
    assert relative_gap(value, bound, sense=sense) == gap


@pytest.mark.parametrize(
    "fields",
    [
        {"sense": "up"},
        {"status": "known"},
        {"bound": 99.0},
        {"value": None},
        {"value": float("inf"), "bound": float("inf")},
    ],
)
def test_a_reference_that_contradicts_itself_is_refused(fields: dict[str, object]) -> None:
    """Senses and statuses there are none of, optimal values without their bound and infinite ones are refused."""
    good: dict[str, object] = {"sense": "min", "value": 100.0, "bound": 100.0, "status": "optimal"}
    with pytest.raises(ValueError, match=r"must be|its own bound"):
        Reference(**{**good, **fields})

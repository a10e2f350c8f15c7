"""Which case goes on from which is decided by the grid alone, and leads to the base in a few steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.case_tree import MOST_CASES_IN_TREE, MOST_GENERATIONS, base_parents, generations, nearest_parents
from planner.domain.grid import BASE_CASE, Case, Factor, Grid, Sample
from planner.domain.patches.agreements import RuleChange
from planner.domain.patches.change import Change
from planner.domain.patches.outages import PlantOutage
from planner.domain.patches.rows import NumberChange
from planner.domain.patches.selection import Selection

DEMAND = NumberChange(Selection("demand"), "quantity", scaled=True)
PRICES = NumberChange(Selection("demand"), "unit_revenue", scaled=True)
COSTS = NumberChange(Selection("demand"), "shortage_penalty", scaled=False)
OUTAGE = PlantOutage("P", (0,))
RULE = RuleChange("rule", dropped=False)

EIGHTHS = st.integers(0, 16).map(lambda n: n / 8)
"""Levels whose shares are far from each other or the same, so that rounding decides nothing."""
QUESTIONS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "demand": EIGHTHS,
            "price": EIGHTHS,
            "cost": EIGHTHS,
            "outage": st.sampled_from((0.0, 0.5, 1.0)),
            "rule": st.sampled_from(("a", "b")),
        },
    ),
    max_size=14,
)
LINES = st.lists(st.fixed_dictionaries({"demand": EIGHTHS}), max_size=17, unique_by=lambda question: question["demand"])
"""Some of these are so long that going on from the nearest case would make too many generations."""
NEUTRAL = {"demand": 1.0, "price": 1.0, "cost": None, "outage": 0.0, "rule": None}


def line(*levels: float) -> tuple[Case, ...]:
    """Return the base and cases that scale demand."""
    return Grid(scenario="s", factors=(Factor("demand", DEMAND, levels),), crossed=("demand",)).cases()


def listed(questions: Sequence[Mapping[str, float | str]]) -> tuple[Case, ...]:
    """Return the base and cases that name levels of the factors in `NEUTRAL`."""
    changes: dict[str, Change] = {"demand": DEMAND, "price": PRICES, "cost": COSTS, "outage": OUTAGE, "rule": RULE}
    factors = tuple(Factor(name, change, ("a",) if name == "rule" else (0.0,)) for name, change in changes.items())
    return Grid(scenario="s", factors=factors, listed=({}, *questions)).cases()


def names(cases: Sequence[Case], parents: Mapping[str, str]) -> dict[str, str]:
    """Return parents by name."""
    named = {case.key: case.name for case in cases}
    return {named[child]: named[parent] for child, parent in parents.items()}


def tree_by_words(cases: Sequence[Case]) -> dict[str, str]:
    """Return the tree as the docstring describes it, with exact numbers and case by case."""
    levels = [{**NEUTRAL, **dict(case.settings)} for case in cases]
    spans = {}
    for name in {name for case in cases for name, _ in case.settings}:
        numbers = [Fraction(level) for row in levels if isinstance(level := row[name], float)]
        spans[name] = max(numbers, default=Fraction(0)) - min(numbers, default=Fraction(0))

    def apart(one: int, other: int) -> tuple[int, Fraction]:
        amounts = []
        for name, span in spans.items():
            a, b = levels[one][name], levels[other][name]
            if a != b:
                both = isinstance(a, float) and isinstance(b, float)
                amounts.append(abs(Fraction(a) - Fraction(b)) / span if both else Fraction(1))  # type: ignore[arg-type]
        return len(amounts), sum(amounts, Fraction(0))

    def tree(bands: Sequence[int]) -> dict[int, int]:
        band_of = {0: -1, **dict(zip(sequence, bands, strict=True))}
        parents = {}
        for child in sequence:
            earlier = [other for other in sequence if band_of[other] < band_of[child]]
            nearer = [0, *(other for other in earlier if apart(0, other) < apart(0, child))]
            parents[child] = min(nearer, key=lambda other: (apart(child, other), other))
        return parents

    def steps(case: int, parents: Mapping[int, int]) -> int:
        return steps(parents[case], parents) + 1 if case else 0

    sequence = sorted(range(1, len(cases)), key=lambda each: (apart(0, each), each))
    parents = tree(range(len(sequence)))
    if max((steps(case, parents) for case in sequence), default=0) > MOST_GENERATIONS:
        size, larger = divmod(len(sequence), MOST_GENERATIONS)
        parents = tree([band for band in range(MOST_GENERATIONS) for _ in range(size + (band < larger))])
    return {cases[child].key: cases[parent].key for child, parent in parents.items()}


@given(questions=QUESTIONS | LINES)
def test_the_parent_is_the_nearest_case_on_the_way_to_the_base(questions: list[dict[str, float | str]]) -> None:
    """Numbers scaled and set, shares and texts, named or not: the tree is the one that the words describe."""
    cases = listed(questions)
    assert names(cases, nearest_parents(cases)) == names(cases, tree_by_words(cases))


@given(count=st.integers(1, 40), seed=st.integers(0, 99))
def test_every_case_leads_to_the_base_in_a_few_generations(count: int, seed: int) -> None:
    """Parents come before their children, generations hold each case once, and the same grid gives the same tree."""
    factors = (Factor("demand", DEMAND, interval=(0.5, 1.5)), Factor("price", PRICES, interval=(1.0, 3.0)))
    cases = Grid(scenario="s", factors=factors, sample=Sample(count, seed)).cases()
    parents = nearest_parents(cases)
    found, seen = generations(parents), {BASE_CASE.key}
    for generation in found:
        assert all(parents[key] in seen for key in generation)
        seen.update(generation)
    assert seen == {case.key for case in cases}
    assert sum(map(len, found)) == len(cases) - 1
    assert len(found) <= MOST_GENERATIONS
    assert nearest_parents(cases) == parents


def test_cases_on_a_line_go_on_from_the_next_one_towards_the_base() -> None:
    """Demand of 1 changes nothing, so 0.9 is reached by way of 0.95, and 1.1 is no way to it."""
    cases = line(0.9, 0.95, 1.1)
    expected = {"demand=0.95": "base", "demand=1.1": "base", "demand=0.9": "demand=0.95"}
    assert names(cases, nearest_parents(cases)) == expected


def test_fewer_changed_factors_are_nearer_than_smaller_changes() -> None:
    """A case of two factors goes on from one that shares a level with it, however far apart they are in the other."""
    cases = listed([{"demand": 0.5}, {"demand": 0.5, "price": 2.0}, {"demand": 0.75, "price": 0.5}])
    parents = names(cases, nearest_parents(cases))
    assert parents["demand=0.5, price=2"] == "demand=0.5"
    assert parents["demand=0.75, price=0.5"] == "base"


def test_a_level_that_changes_nothing_is_next_to_the_base() -> None:
    """It differs from the base in no factor, and no case goes on from it that could go on from the base."""
    cases = line(1.0, 0.9)
    assert names(cases, nearest_parents(cases)) == {"demand=1": "base", "demand=0.9": "base"}


def test_a_long_line_is_gone_along_in_strides_of_one_length() -> None:
    """Its far end goes on from a case as near as any other one's, although a chain of all would be too long."""
    cases = line(*(1 + n / 100 for n in range(1, 49)))
    parents, number = nearest_parents(cases), {case.key: n for n, case in enumerate(cases)}
    assert len(generations(parents)) == MOST_GENERATIONS
    assert max(number[child] - number[parent] for child, parent in parents.items()) == 48 // MOST_GENERATIONS


def test_the_base_alone_has_no_generations_and_all_others_can_go_on_from_it() -> None:
    """Nothing goes on from nothing, and with the base as the only parent there is one generation."""
    assert generations(nearest_parents((BASE_CASE,))) == ()
    cases = line(0.9, 0.8)
    assert generations(base_parents(cases)) == (tuple(case.key for case in cases[1:]),)


def test_too_many_cases_are_refused_with_how_many() -> None:
    """Nobody waits for minutes without a word."""
    with pytest.raises(ValueError, match="5,001 cases are more than the 5,000"):
        nearest_parents(line(*(1.0 + n for n in range(1, MOST_CASES_IN_TREE + 1))))

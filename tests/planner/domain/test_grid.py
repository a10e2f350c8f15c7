"""Grids ask the combinations that they name, each once, under a key that depends on what is asked alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.grid import Case, Factor, Grid, Sample
from planner.domain.patches.outages import PlantOutage
from planner.domain.patches.rows import NumberChange
from planner.domain.patches.seed import PlanningSeed
from planner.domain.patches.selection import Selection
from tests.scenario_builder import small_scenario

DEMAND = NumberChange(Selection("demand"), "quantity", scaled=True)
PRICES = NumberChange(Selection("demand"), "unit_revenue", scaled=True)


def factor(name: str, *levels: float, change: object = DEMAND) -> Factor:
    """Return a factor with levels."""
    return Factor(name, change, levels)  # type: ignore[arg-type]


@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_crossing_asks_every_combination_once(sizes: list[int]) -> None:
    """As many cases as the product of the levels, all different, and the base."""
    columns = ("quantity", "unit_revenue", "shortage_penalty")
    factors = tuple(
        Factor(column, NumberChange(Selection("demand"), column, scaled=True), tuple(float(n) for n in range(size)))
        for size, column in zip(sizes, columns, strict=False)
    )
    grid = Grid(scenario="s", factors=factors, crossed=tuple(f.name for f in factors))
    cases = grid.cases()
    product = 1
    for size in sizes:
        product *= size
    assert len(cases) == product + 1 == grid.most_cases
    assert len({case.key for case in cases}) == len(cases)


def test_only_the_named_factors_are_crossed_and_others_stay_as_they_are() -> None:
    """A factor that is not crossed has no level in those cases."""
    grid = Grid(scenario="s", factors=(factor("a", 1, 2), factor("b", 3, 4, 5, change=PRICES)), crossed=("b",))
    assert [case.name for case in grid.cases()] == ["base", "b=3", "b=4", "b=5"]


def test_a_question_that_is_asked_twice_is_one_case() -> None:
    """What is listed and crossed at the same levels has the same key, whatever its place."""
    grid = Grid(scenario="s", factors=(factor("a", 0.5, 2),), crossed=("a",), listed=({"a": 2.0}, {"a": 3.0}))
    assert [case.name for case in grid.cases()] == ["base", "a=0.5", "a=2", "a=3"]


def test_the_key_of_a_case_depends_on_its_patches_and_on_no_name() -> None:
    """Renaming a factor or adding another one keeps keys, another selection or level makes a new one."""
    one = Grid(scenario="s", factors=(factor("a", 2),), crossed=("a",)).cases()[1]
    other = Grid(scenario="s", factors=(factor("z", 9, change=PRICES), factor("b", 1, 2)), crossed=("b",)).cases()[2]
    assert one.key == other.key
    assert one.key != Grid(scenario="s", factors=(factor("a", 3),), crossed=("a",)).cases()[1].key
    assert one.key != Grid(scenario="s", factors=(factor("a", 2, change=PRICES),), crossed=("a",)).cases()[1].key


@given(count=st.integers(1, 60), seed=st.integers(0, 1000))
def test_a_sample_spreads_levels_and_intervals_evenly(count: int, seed: int) -> None:
    """An interval has one level in each of its parts, and levels come equally often but for one."""
    interval = Factor("d", DEMAND, interval=(0.5, 1.5))
    grid = Grid(scenario="s", factors=(interval, factor("p", 1, 2, 3, change=PRICES)), sample=Sample(count, seed))
    _, *cases = grid.cases()
    assert tuple(cases) == grid.cases()[1:]
    assert len(cases) == count
    demand = sorted(dict(case.settings)["d"] for case in cases)
    assert all(0.5 + i / count - 1e-9 <= level <= 0.5 + (i + 1) / count + 1e-9 for i, level in enumerate(demand))
    prices = [dict(case.settings)["p"] for case in cases]
    assert max(prices.count(n) for n in (1, 2, 3)) - min(prices.count(n) for n in (1, 2, 3)) <= 2


def test_a_case_tells_its_levels_in_the_assumptions_of_its_scenario() -> None:
    """Whoever gets the scenario alone sees what was asked, and the base is the base itself."""
    base = small_scenario()
    grid = Grid(
        scenario="s", factors=(factor("a", 2), factor("out", 1, change=PlantOutage("P2", (1,)))), crossed=("a", "out")
    )
    first, asked = grid.cases()
    assert first.scenario(base) is base
    assert asked.scenario(base).header.assumptions["what_if"] == ["a=2", "out=1"]
    assert asked.scenario(base)["demand"]["quantity"].sum() == 2 * base["demand"]["quantity"].sum()


def test_a_seed_is_a_factor_that_leaves_the_scenario_alone() -> None:
    """The case says which seed planning gets, and only its scenario's assumptions tell."""
    grid = Grid(scenario="s", factors=(factor("seed", 4, 5, change=PlanningSeed()),), crossed=("seed",))
    assert [case.seed(1) for case in grid.cases()] == [1, 4, 5]
    assert Case((), ()).seed(3) == 3


@pytest.mark.parametrize(
    ("make", "cure"),
    [
        (lambda: Factor("base", DEMAND, (1.0,)), "a name other than 'base'"),
        (lambda: Factor("a", DEMAND), "either levels or a range"),
        (lambda: Factor("a", DEMAND, (1.0, 1.0)), "name each once"),
        (lambda: Factor("a", DEMAND, interval=(2.0, 1.0)), "smaller number first"),
        (lambda: Factor("a", DEMAND, (-1.0,)), "a factor is at least 0"),
        (lambda: Sample(0, 1), "count ≥ 1"),
        (lambda: Grid(scenario="s", factors=(factor("a", 1), factor("a", 2))), "the same name"),
        (lambda: Grid(scenario="s", factors=(factor("a", 1),), crossed=("b",)), "no factor is called 'b'"),
        (lambda: Grid(scenario="s", factors=()), "asks about its base alone"),
        (lambda: Grid(scenario="s", factors=(), sample=Sample(200_000, 1)), "split the grid"),
        (
            lambda: Grid(scenario="s", factors=(Factor("a", DEMAND, interval=(0, 1)),), crossed=("a",)),
            "can be sampled but not crossed",
        ),
    ],
)
def test_a_grid_that_cannot_be_asked_is_refused_at_birth(make: object, cure: str) -> None:
    """Every wrong part is refused with the name of what is wrong and what to do."""
    with pytest.raises(ValueError, match=cure):
        make()  # type: ignore[operator]

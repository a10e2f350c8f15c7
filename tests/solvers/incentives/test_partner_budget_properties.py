"""What must hold of any partner's budget: monotony, scaling, splitting; and what is not one is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.instances.partner_budgets import small_budget
from solvers.core.errors import InvalidProgram
from solvers.incentives.budget import BudgetInstance, SpanRebate
from solvers.incentives.spans import floors, pacing, softened, span_row, together
from solvers.incentives.spend import solve_budget
from solvers.incentives.verify import budget_value

INF = np.inf
seeds = st.integers(0, 1_000_000)


def plain(periods: int, **changes: object) -> BudgetInstance:
    """Ten units a period worth 3 and costing 1 each, no limits but those given."""
    open_end = np.full(periods, INF)
    fields: dict[str, object] = {
        "worth": np.full((periods, 1), 3.0),
        "size": np.full((periods, 1), 10.0),
        "cost": np.ones(periods),
        "share": np.zeros(periods),
        "matched": open_end,
        "release": open_end,
        "carry": open_end,
        "rows": together(),
    }
    return BudgetInstance(**(fields | changes))  # type: ignore[arg-type]  # the changes of the tests below fit


def value(instance: BudgetInstance) -> float:
    """The best value of an instance."""
    return solve_budget(instance).value


@settings(max_examples=40, deadline=None)
@given(seed=seeds, more=st.integers(1, 5), what=st.sampled_from(["release", "carry", "matched", "own_budget"]))
def test_more_budget_is_never_worse(seed: int, more: int, what: str) -> None:
    """Releasing, carrying over, matching or owning more cannot lower the value."""
    instance = small_budget(seed)
    richer = replace(instance, **{what: getattr(instance, what) + more})
    assert value(richer) >= value(instance)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, factor=st.integers(2, 9))
def test_money_in_another_currency_scales_the_value(seed: int, factor: int) -> None:
    """Worth, costs, penalties and our own budget times a factor are worth that factor."""
    instance = small_budget(seed)
    rows = instance.rows
    scaled = replace(
        instance,
        worth=instance.worth * factor,
        cost=instance.cost * factor,
        own_budget=instance.own_budget * factor,
        rows=replace(rows, penalty=rows.penalty * factor),
    )
    assert value(scaled) == pytest.approx(factor * value(instance), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_a_fund_that_carries_nothing_over_falls_apart_into_periods(seed: int) -> None:
    """Without carry-over, own budget and spans over several periods, the value is the sum of the periods' values."""
    instance = small_budget(seed)
    apart = [k for k in range(instance.rows.count) if instance.rows.first[k] == instance.rows.last[k]]
    rows = [
        softened(span_row(f"row {k}", int(instance.rows.first[k]), int(instance.rows.last[k]), lower=float(low)), 2.0)
        for k, low in zip(apart, instance.rows.lower[apart], strict=True)
    ]
    rebates = tuple(rebate for rebate in instance.rebates if rebate.first == rebate.last)
    whole = replace(
        instance,
        carry=np.zeros(instance.periods),
        rows=together(*rows),
        rebates=rebates,
        own_budget=INF,
    )
    single = [
        BudgetInstance(
            worth=whole.worth[[t]],
            size=whole.size[[t]],
            cost=whole.cost[[t]],
            share=whole.share[[t]],
            matched=whole.matched[[t]],
            release=whole.release[[t]],
            carry=whole.carry[[t]],
            rows=together(*(replace(row, first=row.first * 0, last=row.last * 0) for row in rows if row.first[0] == t)),
            rebates=tuple(replace(rebate, first=0, last=0) for rebate in rebates if rebate.first == t),
        )
        for t in range(whole.periods)
    ]
    assert value(whole) == pytest.approx(sum(value(part) for part in single), rel=1e-12, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, shift=st.integers(-3, 3), at=st.integers(0, 5))
def test_no_neighbouring_spending_is_better(seed: int, shift: int, at: int) -> None:
    """Moving units from one period to another, or adding some, never beats the answer."""
    instance = small_budget(seed)
    answer = solve_budget(instance)
    assume(answer.spend is not None)
    assert answer.spend is not None
    moved = answer.spend.copy()
    moved[at % instance.periods] += shift
    moved[(at + 1) % instance.periods] -= shift * (seed % 2)
    assert budget_value(instance, moved) <= answer.value + 1e-9 * max(1.0, abs(answer.value))


def test_unspent_money_rolls_over_up_to_the_limit() -> None:
    """What period 0 cannot use serves period 1 up to the carry-over limit; the rest lapses."""
    instance = plain(2, size=np.array([[2.0], [20.0]]), release=np.array([10.0, 3.0]), carry=np.array([5.0, 0.0]))
    answer = solve_budget(instance)
    assert answer.spend is not None
    assert answer.spend.tolist() == [2.0, 8.0]
    assert answer.value == 20.0


def test_the_partner_bears_its_share_of_what_is_matched_only() -> None:
    """Six of ten units are matched at a half: 30 of worth, 10 of cost, 3 of it borne by the partner."""
    instance = plain(1, share=np.array([0.5]), matched=np.array([6.0]))
    assert value(instance) == 23.0
    own = replace(instance, own_budget=5.0)
    answer = solve_budget(own)
    assert answer.spend is not None
    assert answer.spend.tolist() == [8.0]
    assert answer.value == 24.0 - 5.0


def test_a_tier_pays_back_on_all_units_and_is_bought_into() -> None:
    """Twelve units at a loss of 1 each pay once the twelfth brings 20 % of everything back."""
    rebate = SpanRebate(name="year", first=0, last=1, threshold=np.array([12.0]), rate=np.array([0.2]))
    loss = plain(2, worth=np.full((2, 1), 9.0), cost=np.full(2, 10.0), rebates=(rebate,))
    answer = solve_budget(loss)
    assert answer.tier == (1,)
    assert answer.value == 20.0
    assert value(replace(loss, rebates=())) == 0.0


def test_floors_pacing_and_commitments_pull_spending_forward_or_cost_their_penalty() -> None:
    """Hard rows force spending at a loss; a soft commitment is broken where its penalty is the smaller loss."""
    loss = plain(3, worth=np.zeros((3, 1)))
    forced = replace(
        loss, rows=together(floors(np.array([0.0, 4.0, 0.0])), pacing(np.array([2.0, 0, 0]), np.full(3, INF)))
    )
    answer = solve_budget(forced)
    assert answer.spend is not None
    assert answer.spend.tolist() == [2.0, 4.0, 0.0]
    cheap = replace(loss, rows=softened(span_row("volume", 0, 2, lower=8.0), 0.0))
    assert value(cheap) == 0.0
    dear = replace(loss, rows=softened(span_row("volume", 0, 2, lower=8.0), 3.0))
    assert value(dear) == -8.0


def test_a_clash_is_told_in_the_words_of_the_contract() -> None:
    """A commitment beyond what the fund releases names both."""
    instance = plain(2, release=np.array([3.0, 2.0]), rows=span_row("spring volume", 0, 1, lower=9.0))
    answer = solve_budget(instance)
    assert answer.spend is None
    assert set(answer.conflict) == {"spring volume (at least)", "fund up to period 1"}
    short = replace(instance, release=np.full(2, INF), own_budget=4.0)
    assert "our own budget" in solve_budget(short).conflict


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"worth": np.array([[1.0, 2.0]]), "size": np.ones((1, 2))}, "must not rise along the pieces"),
        ({"size": np.array([[1.5]])}, "must be whole"),
        ({"size": np.array([[INF]])}, "must be finite"),
        ({"size": np.array([[-1.0]])}, "below 0"),
        ({"cost": np.ones(2)}, "each of 1 periods"),
        ({"share": np.array([1.2])}, "between 0 and 1"),
        ({"share": np.array([0.00005])}, "steps of 1/10000"),
        ({"worth": np.array([[np.nan]])}, "must be finite"),
        ({"release": np.array([-INF])}, "or \\+inf"),
        ({"worth": np.array([[2.0**41]])}, "larger unit"),
        ({"rows": span_row("late", 0, 1, lower=1.0)}, "late: ends in period 1"),
        ({"worth": np.zeros((0, 1)), "size": np.zeros((0, 1))}, "periods × pieces"),
    ],
)
def test_what_is_no_budget_is_refused(changes: dict[str, object], message: str) -> None:
    """Numbers that are not whole, signs and shapes that make no sense, and spans beyond the horizon are named."""
    with pytest.raises(InvalidProgram, match=message):
        plain(1, **changes)


def test_money_too_large_to_stay_exact_is_refused_before_it_is_wrong() -> None:
    """Numbers that are allowed one by one, but whose sums would leave 64 bits, are an error with its cure."""
    periods = 400
    rich = plain(periods, worth=np.full((periods, 1), 2.0**40))
    with pytest.raises(InvalidProgram, match="larger unit of money"):
        solve_budget(rich)
    large = plain(4, worth=np.full((4, 1), 2.0**39), size=np.full((4, 1), 2.0**39))
    assert value(large) == pytest.approx(4 * 2.0**39 * (2.0**39 - 1), rel=1e-15)


def test_tiers_and_spans_that_make_no_sense_are_refused() -> None:
    """Falling rates, thresholds that do not rise and spans without a period are named with their contract."""
    tiers = {"name": "year", "first": 0, "last": 0}
    with pytest.raises(InvalidProgram, match="year: thresholds must rise"):
        SpanRebate(**tiers, threshold=np.array([2.0, 2.0]), rate=np.array([0.1, 0.2]))
    with pytest.raises(InvalidProgram, match="rates must not fall"):
        SpanRebate(**tiers, threshold=np.array([1.0, 2.0]), rate=np.array([0.2, 0.1]))
    with pytest.raises(InvalidProgram, match="below 1"):
        SpanRebate(**tiers, threshold=np.array([0.0]), rate=np.array([0.2]))
    with pytest.raises(InvalidProgram, match="as many rates"):
        SpanRebate(**tiers, threshold=np.array([1.0]), rate=np.zeros(2))
    with pytest.raises(InvalidProgram, match="holds no period"):
        span_row("empty", 3, 2)
    with pytest.raises(InvalidProgram, match="at least 0"):
        softened(span_row("paid for", 0, 0), -1.0)

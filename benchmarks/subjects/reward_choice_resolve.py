"""Reward choice again after a budget was cut: from the prices of the solve before, against from nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.instances.reward_choice import tighter
from benchmarks.instances.reward_choice_turns import Given, answer_of, checked
from benchmarks.instances.reward_choice_turns import prepare as prepare_campaign
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from solvers.backends.highs import HighsBackend
from solvers.core.program import Floats
from solvers.offers.choose import ChoiceLimits, choose_rewards
from solvers.offers.reward_choice import RewardChoice

_TOTAL_BUDGET, _CUT = 16, 0.01  # the row of the total budget; the share it loses


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Changed:
    """A campaign whose total budget was cut, and the prices from before."""

    make: Callable[[], RewardChoice]
    price: Floats


def _prepare(case: Case, data: Path | None, seed: int) -> _Changed:
    given: Given = prepare_campaign(case, data, seed)
    instance = given.make()
    before = choose_rewards(instance, HighsBackend(), limits=_limits(case))
    rows = tighter(instance.rows, row=_TOTAL_BUDGET, share=_CUT)
    return _Changed(make=lambda: replace(instance, rows=rows), price=before.price)


def _limits(case: Case) -> ChoiceLimits:
    return ChoiceLimits(gap=float(case.parameters["gap"]))


def _run(*, warm: bool) -> Callable[[_Changed, Stopwatch, Case], Answer]:
    def run(given: _Changed, watch: Stopwatch, case: Case) -> Answer:
        instance = given.make()
        with watch.measure("resolve"):
            found = choose_rewards(instance, HighsBackend(), limits=_limits(case), start=given.price if warm else None)
        return answer_of(found, instance, {})

    return run


def _check(given: _Changed, answer: Answer, case: Case) -> Verdict:
    del case
    return checked(given.make(), answer)


def _case(name: str, members: int, gap: float, suite: str = "full") -> Case:
    return Case(
        name=name,
        phase=Phase.RESOLVE,
        suites=frozenset({suite}),
        parameters={"members": members, "gap": gap},
    )


SUBJECT = Subject(
    name="reward_choice_resolve",
    title="Reward choice: solved again after a budget change",
    cases=(_case("n=5k", 5_000, 1e-3, "smoke"), _case("n=100k", 100_000, 1e-6), _case("n=1M", 1_000_000, 1e-6)),
    prepare=_prepare,
    contenders=(
        Contender(name="concordat", run=_run(warm=True), ours=True),
        Contender(name="cold", run=_run(warm=False)),
    ),
    peer="cold",
    check=_check,
    targets=(
        Target(
            text="1M: re-solve after a budget change in ≤ 3 full passes",
            case="n=1M",
            contender="concordat",
            figure="passes",
            at_most=3.0,
        ),
    ),
)

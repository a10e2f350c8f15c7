"""Reward choice where it is awkward: ties, nothing to spend, promises nobody can keep, numbers that are none.

The right answer to an impossible promise is the proof that it is one, and to a number that is none a refusal that names
its place; both are figures, 1 where they were given and hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.instances.claims import relative_gap
from benchmarks.instances.reward_choice_hard import (
    HARD,
    IMPOSSIBLE,
    NOT_A_NUMBER,
    ONE_MEMBER,
    best_of_one,
    hard_instance,
)
from benchmarks.instances.reward_choice_turns import checked, warm_up
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from solvers.backends.highs import HighsBackend
from solvers.core.errors import InvalidProgram
from solvers.core.termination import Limits, Termination
from solvers.offers.choose import ChoiceLimits, ChoiceStatus, choose_rewards
from solvers.offers.reward_choice import RewardChoice
from solvers.offers.verify import choice_bound, choice_value
from solvers.offers.whole_choice import whole_choice

_OURS, _WHOLE = "concordat", "highs-mip"
_GAP, _MEMBERS = 1e-3, 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hard:
    """What makes an instance; it is made inside the turn, since making it may be what fails."""

    kind: str
    members: int
    seed: int


def _prepare(case: Case, data: Path | None, seed: int) -> Hard:
    del data
    warm_up()
    return Hard(kind=str(case.parameters["kind"]), members=int(case.parameters["members"]), seed=seed)


def _choose(given: Hard, watch: Stopwatch, case: Case) -> Answer:
    del case
    try:
        with watch.measure("build"):
            instance = hard_instance(given.kind, given.members, given.seed)
    except InvalidProgram as refused:
        return Answer(solution=str(refused))
    with watch.measure("solve"):
        found = choose_rewards(instance, HighsBackend(), limits=ChoiceLimits(gap=_GAP))
    return Answer(
        solution=found.choice,
        value=found.value,
        bound=found.bound if found.choice is not None else None,
        certificate=found.price,
        figures={"passes": float(found.passes)},
        stopped="no choice was found" if found.status is ChoiceStatus.OPEN else None,
    )


def _whole(given: Hard, watch: Stopwatch, case: Case) -> Answer:
    instance = hard_instance(given.kind, given.members, given.seed)
    with watch.measure("build"):
        whole = whole_choice(instance)
        model = HighsBackend().load(whole.program)
    with watch.measure("solve"):
        found = model.solve(limits=Limits(seconds=case.time_limit, gap=_GAP))
    stopped = found.termination.value if found.termination is Termination.LIMIT else None
    if found.x is None:
        return Answer(stopped=stopped)
    return Answer(solution=whole.choice(instance, found.x), value=found.objective, bound=found.bound, stopped=stopped)


def _check(given: Hard, answer: Answer, case: Case) -> Verdict:
    """Recompute a choice and its bound, or hold a refusal or a proof of impossibility against the data."""
    del case
    if isinstance(answer.solution, str):
        named = given.kind == NOT_A_NUMBER and f"offer 1, member {given.members // 2}" in answer.solution
        problems = () if named else (f"refused: {answer.solution}",)
        return Verdict(problems=problems, figures={"refused": float(named)})
    if given.kind == NOT_A_NUMBER:
        return Verdict(problems=("a number that is none was taken for one",))
    instance = hard_instance(given.kind, given.members, given.seed)
    if isinstance(answer.solution, np.ndarray):
        proved = isinstance(answer.certificate, np.ndarray)
        verdict = checked(instance, answer) if proved else _claimed(instance, answer.solution, answer.bound)
        missed = (
            {} if verdict.value is None or given.members > 1 else {"below_best": best_of_one(instance) - verdict.value}
        )
        return replace(verdict, figures=missed)
    if answer.stopped or not isinstance(answer.certificate, np.ndarray):
        return Verdict()
    value, _, _ = instance.columns.gather(np.arange(instance.columns.members))
    # Every choice is worth at least so much: a bound below leaves none.
    least = min(float(value.min(initial=0.0)), 0.0) * instance.columns.members
    proved = choice_bound(instance, answer.certificate) < least
    problems = () if proved else ("called impossible, without prices that prove it",)
    return Verdict(problems=problems, figures={"proved_impossible": float(proved)})


def _claimed(instance: RewardChoice, choice: npt.NDArray[np.int8], bound: float | None) -> Verdict:
    """Recompute a choice that comes without prices: its bound stays a claim."""
    found = choice_value(instance, choice)
    return Verdict(
        value=found.value,
        bound=bound,
        gap=relative_gap(found.value, bound, sense="max"),
        violation=found.worst,
        problems=() if found.ineligible + found.misplaced == 0 else ("offers to members who may not have them",),
    )


def _case(kind: str, suite: str, members: int) -> Case:
    names = (_OURS,) if kind == NOT_A_NUMBER or suite == "smoke" else (_OURS, _WHOLE)
    return Case(
        name=kind if suite == "full" else f"{kind}, n={members}",
        phase=Phase.SOLVE,
        suites=frozenset({suite}),
        parameters={"kind": kind, "members": 1 if kind == ONE_MEMBER else members},
        time_limit=30.0,
        contenders=names,
    )


def _target(kind: str) -> Target:
    if kind == IMPOSSIBLE:
        return Target(text=f"{kind}: proved", case=kind, contender=_OURS, figure="proved_impossible", at_least=1.0)
    if kind == NOT_A_NUMBER:
        return Target(text=f"{kind}: refused by name", case=kind, contender=_OURS, figure="refused", at_least=1.0)
    if kind == ONE_MEMBER:
        # No price of a budget closes the gap of one member; what can be had at best is enumerated.
        return Target(text=f"{kind}: the best offer", case=kind, contender=_OURS, figure="below_best", at_most=0.0)
    return Target(text=f"{kind}: gap ≤ {_GAP:g}", case=kind, contender=_OURS, figure="gap", at_most=_GAP)


SUBJECT = Subject(
    name="reward_choice_hard",
    title="Reward choice where it is awkward, beside a mixed-integer program of the whole",
    cases=(
        *(_case(kind, "smoke", 200) for kind in (IMPOSSIBLE, NOT_A_NUMBER)),
        *(_case(kind, "full", _MEMBERS) for kind in HARD),
    ),
    prepare=_prepare,
    contenders=(Contender(name=_OURS, run=_choose, ours=True), Contender(name=_WHOLE, run=_whole)),
    peer=_WHOLE,
    check=_check,
    targets=tuple(_target(kind) for kind in HARD),
)

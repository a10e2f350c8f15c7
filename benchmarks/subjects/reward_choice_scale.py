"""Reward choice from a hundred thousand to ten million members: how time and memory grow."""

from __future__ import annotations

from benchmarks.instances.reward_choice_turns import TWO_THREADS, check, ours, prepare
from benchmarks.subject import Case, Phase, Subject, Target

_LARGEST = "n=10M"


def _case(name: str, members: int, gap: float, *contenders: str, suite: str = "full") -> Case:
    return Case(
        name=name,
        phase=Phase.SCALE,
        suites=frozenset({suite}),
        parameters={"members": members, "gap": gap},
        # The campaign is made and checked outside, which takes longer than the solve.
        time_limit=60.0,
        contenders=("concordat", *contenders),
    )


def _largest(text: str, figure: str, at_most: float, *, contender: str = "concordat", of: str | None = None) -> Target:
    return Target(text=text, case=_LARGEST, contender=contender, figure=figure, against_figure=of, at_most=at_most)


SUBJECT = Subject(
    name="reward_choice_scale",
    title="Reward choice: time and memory up to ten million members",
    cases=(
        _case("n=5k", 5_000, 1e-3, suite="smoke"),
        _case("n=100k", 100_000, 1e-6),
        _case("n=1M", 1_000_000, 1e-6),
        _case(_LARGEST, 10_000_000, 1e-7, TWO_THREADS),
    ),
    prepare=prepare,
    contenders=(ours(), ours(TWO_THREADS, threads=2)),
    peer="concordat",
    check=check,
    targets=(
        _largest("10M: gap ≤ 1e-7", "gap", 1e-7),
        _largest("10M: ≤ 2.5 s", "solve_s", 2.5),
        _largest("10M: memory ≤ 1.4× the data", "extra_bytes", 0.4, of="instance_bytes"),
        _largest("10M: dual phase ≤ 4× a read per pass on one thread", "dual_phase_ratio", 4.0),
        _largest(
            "10M: dual phase ≤ 2.5× a read per pass on both cores", "dual_phase_ratio", 2.5, contender=TWO_THREADS
        ),
        Target(
            text="growth from 1M to 10M ≤ 12×",
            case=_LARGEST,
            contender="concordat",
            figure="solve_s",
            against_case="n=1M",
            at_most=12.0,
        ),
    ),
)

"""Reward choice: a whole choice with its certificate, beside solvers that are asked for the linear relaxation only."""

from __future__ import annotations

from benchmarks.instances.reward_choice_turns import TWO_THREADS, check, ours, prepare
from benchmarks.peers.reward_choice_relaxed import relaxed
from benchmarks.subject import Case, Phase, Subject, Target
from solvers.backends.highs import HighsBackend
from solvers.backends.ortools_mip import PdlpBackend

_IPM, _SIMPLEX, _PDLP = "highs-ipm", "highs-simplex", "pdlp"
_ENDLESS = "n=1M, PDLP"


def _case(name: str, members: int, gap: float, *contenders: str, suite: str = "full", **more: float | str) -> Case:
    return Case(
        name=name,
        phase=Phase.SOLVE,
        suites=frozenset({suite}),
        parameters={"members": members, "gap": gap, **more},
        time_limit=60.0,
        contenders=("concordat", *contenders),
    )


def _at_most(text: str, case: str, figure: str, at_most: float, contender: str = "concordat") -> Target:
    return Target(text=text, case=case, contender=contender, figure=figure, at_most=at_most)


def _faster(text: str, case: str, peer: str, times: float) -> Target:
    return Target(text=text, case=case, contender="concordat", figure="solve_s", against=peer, at_most=1 / times)


SUBJECT = Subject(
    name="reward_choice",
    title="Reward choice: who gets which offer under budgets, stocks and promises",
    cases=(
        _case("n=2k", 2_000, 1e-3, _IPM, suite="smoke"),
        _case("n=5k, factored", 5_000, 1e-3, suite="smoke", columns="factored"),
        _case("n=10k", 10_000, 1e-5, _IPM, _SIMPLEX, _PDLP),
        _case("n=100k", 100_000, 1e-6, _IPM, _PDLP),
        _case("n=1M", 1_000_000, 1e-6, TWO_THREADS),
        Case(
            name=_ENDLESS,
            phase=Phase.SOLVE,
            suites=frozenset({"full"}),
            parameters={"members": 1_000_000, "gap": 1e-6},
            time_limit=240.0,
            contenders=(_PDLP,),
        ),
        _case("n=100k, scores on 20 levels", 100_000, 1e-6, levels=20),
        _case("n=100k, 3 windows", 100_000, 1e-6, windows=3),
        _case("n=100k, K=200", 100_000, 1e-5, offers=20, rows=200),
        _case("n=1M, factored", 1_000_000, 1e-6, columns="factored"),
    ),
    prepare=prepare,
    contenders=(
        ours(),
        ours(TWO_THREADS, threads=2),
        relaxed(_IPM, lambda: HighsBackend(method="ipm")),
        relaxed(_SIMPLEX, lambda: HighsBackend(method="simplex")),
        relaxed(_PDLP, lambda: PdlpBackend(tolerance=1e-4)),
    ),
    peer=_IPM,
    check=check,
    targets=(
        _at_most("10k: gap ≤ 1e-5", "n=10k", "gap", 1e-5),
        _faster("10k: ≥ 10× HiGHS ipm", "n=10k", _IPM, 10),
        _faster("10k: ≥ 30× HiGHS simplex", "n=10k", _SIMPLEX, 30),
        _at_most("100k: gap ≤ 1e-6", "n=100k", "gap", 1e-6),
        _faster("100k: ≥ 100× HiGHS ipm", "n=100k", _IPM, 100),
        _faster("100k: ≥ 150× OR-Tools PDLP 1e-4", "n=100k", _PDLP, 150),
        _at_most("1M: gap ≤ 1e-6", "n=1M", "gap", 1e-6),
        _at_most("1M: ≤ 0.4 s", "n=1M", "solve_s", 0.4),
        _at_most("1M: dual phase ≤ 4× a read per pass on one thread", "n=1M", "dual_phase_ratio", 4.0),
        _at_most("1M: dual phase ≤ 2.5× a read per pass on both cores", "n=1M", "dual_phase_ratio", 2.5, TWO_THREADS),
        Target(
            text="1M: PDLP does not finish in 240 s",
            case=_ENDLESS,
            contender=_PDLP,
            figure="solve_s",
            at_least=240.0,
        ),
    ),
)

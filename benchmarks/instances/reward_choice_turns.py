"""A turn of any subject of reward choice: a campaign prepared, our solver run and timed, answers recomputed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.instances.claims import relative_gap
from benchmarks.instances.reward_choice import Shape, factored_campaign, reward_campaign
from benchmarks.subject import Answer, Case, Contender, Stopwatch, Verdict
from solvers.backends.highs import HighsBackend
from solvers.core.kernels import compiled
from solvers.core.program import Floats
from solvers.offers.choice_crowd import Crowd
from solvers.offers.choose import ChoiceLimits, ChosenRewards, choose_rewards
from solvers.offers.reward_choice import Columns, DenseColumns, RewardChoice
from solvers.offers.verify import choice_bound, choice_value

TWO_THREADS = "concordat-2-threads"
_ROUNDING = 1e-9
_BEYOND_CACHES = 1 << 26  # bytes: what is smaller is not read at the bandwidth of memory
_SWEEP = 1 << 25  # words of 8 bytes: more than caches hold
_LOOKS = 5  # at the data: the fastest counts as the bandwidth


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Given:
    """A campaign in memory: ``make`` checks its arrays and returns the instance.

    ``compile_s`` is what the first solve in this process took: machine code compiled, or read from where it is kept.
    """

    make: Callable[[], RewardChoice]
    compile_s: float


def prepare(case: Case, data: Path | None, seed: int) -> Given:
    """Return the campaign of a case; code is loaded before, so that its memory is not counted as a solve's."""
    del data
    asked = case.parameters
    default = Shape()
    shape = Shape(
        offers=int(asked.get("offers", default.offers)),
        windows=int(asked.get("windows", default.windows)),
        rows=int(asked.get("rows", default.rows)),
        levels=int(asked.get("levels", default.levels)),
    )
    compile_s, members = warm_up(), int(asked["members"])
    if asked.get("columns") == "factored":
        factored = factored_campaign(members, seed, shape)
        return Given(make=lambda: factored, compile_s=compile_s)
    return Given(make=reward_campaign(members, seed, shape).instance, compile_s=compile_s)


def warm_up() -> float:
    """Solve and measure tiny campaigns of every layout once; returns the seconds it took."""
    started = time.perf_counter()
    for tiny in (reward_campaign(300, 0).instance(), factored_campaign(300, 0)):
        choose_rewards(tiny, HighsBackend(), limits=ChoiceLimits(gap=1e-2))
        _word_sum(np.ones(1, dtype=np.uint64))
    return time.perf_counter() - started


def ours(name: str = "concordat", *, threads: int = 1) -> Contender:
    """Return our solver on so many threads, from arrays in memory to a choice with its bound."""

    def run(given: Given, watch: Stopwatch, case: Case) -> Answer:
        with watch.measure("build"):
            instance = given.make()
        limits = ChoiceLimits(gap=float(case.parameters["gap"]), threads=threads)

        def progress(value: float | None, bound: float) -> None:
            watch.point(value=value, bound=bound)

        with watch.measure("solve"):
            found = choose_rewards(instance, HighsBackend(), limits=limits, progress=progress)
            progress(found.value, found.bound)
        # Prices stand when the first word of progress comes.
        dual_s = watch.curve[0][0] - watch.figures()["build_s"]
        figures = {"compile_s": given.compile_s, "threads": float(threads), "dual_s": dual_s}
        return answer_of(found, instance, figures)

    return Contender(name=name, run=run, ours=True)


def answer_of(found: ChosenRewards, instance: RewardChoice, figures: dict[str, float]) -> Answer:
    """Return what our solver hands over: the choice, and prices that certify its bound."""
    return Answer(
        solution=found.choice,
        value=found.value,
        bound=found.bound,
        certificate=found.price,
        figures={"passes": float(found.passes), "instance_bytes": float(instance.columns.nbytes), **figures},
        failure=None if found.choice is not None else f"no choice: {found.status.value}",
    )


def check(given: Given, answer: Answer, case: Case) -> Verdict:
    """Recompute value, rows and bound from the campaign's arrays; a relaxation has prices only.

    Where the arrays are beyond caches, compare our solver's passes with plain reads: ``pass_ratio`` for a pass alone,
    ``dual_phase_ratio`` for the dual phase per pass.
    """
    del case
    instance = given.make()
    verdict, told = checked(instance, answer), answer.figures
    if (
        "dual_s" not in told
        or instance.columns.nbytes < _BEYOND_CACHES
        or not isinstance(answer.certificate, np.ndarray)
    ):
        return verdict
    threads = int(told["threads"])
    read_s = _read_seconds(instance.columns, threads)
    ratios = {
        "read_s": read_s,
        "pass_ratio": _pass_seconds(instance, answer.certificate, threads) / read_s,
        "dual_phase_ratio": told["dual_s"] / (told["passes"] * read_s),
    }
    return replace(verdict, figures={**verdict.figures, **ratios})


def checked(instance: RewardChoice, answer: Answer) -> Verdict:
    """Recompute an answer's choice, int8 [W, N] or none, and its prices, float64 [K] or none."""
    if not isinstance(answer.certificate, np.ndarray):
        return Verdict()
    bound, value = choice_bound(instance, answer.certificate), None
    violated, violation, problems = tuple[str, ...](), 0.0, list[str]()
    if isinstance(answer.solution, np.ndarray):
        found = choice_value(instance, answer.solution)
        value, violation = found.value, found.worst
        worst = np.argsort(-found.violation / np.maximum(found.scale, 1.0))[:5]
        violated = tuple(f"row {k} by {found.violation[k]:.6g}" for k in worst if found.violation[k] > 0)
        if found.ineligible or found.misplaced:
            problems.append(f"{found.ineligible} offers to members who may not have them, {found.misplaced} misplaced")
    for what, claim, recomputed in (("value", answer.value, value), ("bound", answer.bound, bound)):
        if claim is not None and recomputed is not None and abs(claim - recomputed) > _ROUNDING * abs(recomputed):
            problems.append(f"claimed {what} {claim:.12g}, recomputed {recomputed:.12g}")
    return Verdict(
        value=value,
        bound=bound,
        bound_checked=True,
        gap=relative_gap(value, bound, sense="max"),
        violation=violation,
        violated=violated,
        problems=tuple(problems),
    )


def _pass_seconds(instance: RewardChoice, price: Floats, threads: int) -> float:
    """Return the fastest of some passes over all members at the prices found."""
    with Crowd.of(instance, shards=threads, threads=threads) as crowd:
        upper = np.arange(len(crowd.rows.row)) < np.isfinite(instance.rows.upper).sum()
        one_sided = np.maximum(np.where(upper, 1.0, -1.0) * price[crowd.rows.row], 0.0)
        return _fastest(lambda: crowd.collect(one_sided, 0.0, 0))


def _read_seconds(columns: Columns, threads: int) -> float:
    """Return the fastest of some plain reads of the columns by as many threads: the bandwidth of this machine."""
    arrays: tuple[npt.NDArray[np.generic], ...] = (
        (columns.value, columns.cost) if isinstance(columns, DenseColumns) else (columns.weight, columns.segment)
    )
    words = [_words(array) for array in (*arrays, columns.eligible) if array is not None]
    parts = [part for array in words for part in np.array_split(array, threads)]
    if threads == 1:
        return _fastest(lambda: sum(map(_word_sum, parts)))
    with ThreadPoolExecutor(threads) as pool:
        return _fastest(lambda: sum(pool.map(_word_sum, parts)))


def _fastest(look: Callable[[], object]) -> float:
    seconds, other = [], np.ones(_SWEEP, dtype=np.uint64)
    for _ in range(_LOOKS):
        # Between passes of a solve the members leave the caches; so they do here.
        _word_sum(other)
        started = time.perf_counter()
        look()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _words(array: npt.NDArray[np.generic]) -> npt.NDArray[np.uint64]:
    """Return whole 8-byte words of an array without a copy."""
    flat = array.reshape(-1).view(np.uint8)
    return flat[: len(flat) // 8 * 8].view(np.uint64)


@compiled
def _word_sum(words: npt.NDArray[np.uint64]) -> np.uint64:
    total = np.uint64(0)
    for k in range(len(words)):
        total += words[k]
    return total

"""One turn of one contender in a process of its own: ``python -m benchmarks.child --module … --case … --out FILE``.

prepare (unmeasured) → reset of the memory high-water mark → run → peak memory → check (unmeasured) → one JSON file.
Beside it a file with the ending ``.stage`` names the step under way, for whoever has to end a hanging child.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import json
import resource
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.process_tree import run_measured
from benchmarks.registry import subject_of
from benchmarks.results import Ending, plain
from benchmarks.subject import Answer, Case, Contender, Stopwatch, Subject, Verdict

GRACE_FACTOR, GRACE_SECONDS = 3.0, 60.0
_TIMED_PARTS = ("build", "solve", "resolve")


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the turn and write what came of it."""
    parser = argparse.ArgumentParser(description="One turn of one contender.")
    parser.add_argument("--module", required=True)
    parser.add_argument("--case", required=True)
    parser.add_argument("--contender", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--time-limit", type=float, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    faulthandler.enable()
    _offer_to_be_ended_first()
    subject = subject_of(chosen.module)
    case = replace(subject.case(chosen.case), time_limit=chosen.time_limit)
    contender = next(c for c in subject.taking_part(case) if c.name == chosen.contender)
    content = take_turn(subject, case, contender, data=chosen.data, seed=chosen.seed, out=chosen.out)
    chosen.out.write_text(json.dumps(plain(content), allow_nan=False), encoding="utf-8")
    return 0


def take_turn(
    subject: Subject, case: Case, contender: Contender, *, data: Path | None, seed: int, out: Path
) -> dict[str, Any]:
    """Return the fields of a turn that only the child knows."""
    stage = out.with_suffix(".stage")
    stage.write_text("prepare", encoding="utf-8")
    instance = subject.prepare(case, data, seed)
    stage.write_text("run", encoding="utf-8")
    if contender.run is not None:
        answer, watch, figures = _call(contender, instance, case)
    else:
        answer, watch, figures = _command(contender, instance, case, log=out.with_suffix(".job.log"))
    stage.write_text("check", encoding="utf-8")
    verdict = Verdict() if answer.failure else subject.check(instance, answer, case)
    return {
        "ending": _ending(answer),
        "figures": {**figures, **totals(watch.figures()), **answer.figures, **verdict.figures},
        "value": verdict.value,
        "bound": verdict.bound,
        "bound_checked": verdict.bound_checked,
        "gap": verdict.gap,
        "violation": verdict.violation,
        "violated": verdict.violated,
        "problems": verdict.problems,
        "words": answer.failure or answer.stopped,
        "curve": answer.curve or watch.curve,
    }


def totals(figures: Mapping[str, float]) -> dict[str, float]:
    """Add ``total_s`` and ``total_cpu_s``: build, solve and re-solve, or all parts where none of these was measured."""
    result = dict(figures)
    for ending in ("_cpu_s", "_s"):
        parts = {
            name.removesuffix(ending): seconds
            for name, seconds in figures.items()
            if name.endswith(ending) and name.endswith("_cpu_s") == (ending == "_cpu_s")
        }
        timed = [seconds for part, seconds in parts.items() if part in _TIMED_PARTS] or list(parts.values())
        if timed:
            result[f"total{ending}"] = sum(timed)
    return result


def _call(contender: Contender, instance: Any, case: Case) -> tuple[Answer, Stopwatch, dict[str, float]]:
    watch = Stopwatch()
    gc.collect()
    before = _resident_bytes()
    reset = _reset_peak()
    if contender.run is None:
        raise TypeError(f"contender {contender.name!r} is a command")
    answer = contender.run(instance, watch, case)
    peak = _peak_bytes() if reset else _largest_bytes()
    return answer, watch, {"peak_bytes": float(peak), "extra_bytes": float(max(0, peak - before))}


def _command(
    contender: Contender, instance: Any, case: Case, *, log: Path
) -> tuple[Answer, Stopwatch, dict[str, float]]:
    if contender.command is None or contender.collect is None:
        raise TypeError(f"contender {contender.name!r} is no command")
    cost = run_measured(
        contender.command(instance, case), deadline=GRACE_FACTOR * case.time_limit + GRACE_SECONDS, log=log
    )
    figures = {
        "peak_bytes": float(cost.peak_bytes),
        "processes": float(cost.processes),
        "left_processes": float(cost.left),
    }
    watch = Stopwatch()
    watch.add("job", wall=cost.wall_s, cpu=cost.cpu_s)
    # A command that failed may have left an earlier turn's files, so what it left is not read.
    if cost.returncode is None:
        return Answer(stopped="ended at its deadline", failure="ended at its deadline"), watch, figures
    if cost.returncode != 0:
        return Answer(failure=f"exit code {cost.returncode}: {cost.errors}"), watch, figures
    return contender.collect(instance, case), watch, figures


def _ending(answer: Answer) -> Ending:
    if answer.stopped is not None:
        return Ending.STOPPED
    return Ending.ANSWERED if answer.failure is None else Ending.FAILED


def _offer_to_be_ended_first() -> None:
    # Out of memory, the system shall end this child and neither the bench nor its neighbours.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _reset_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _peak_bytes() -> int:
    return _status_bytes("VmHWM:") or _largest_bytes()


def _resident_bytes() -> int:
    return _status_bytes("VmRSS:")


def _status_bytes(name: str) -> int:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0


def _largest_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    sys.exit(main())

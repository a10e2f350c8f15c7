"""Run the bench: ``python -m benchmarks list | run | compare | report``.

The exit code is 0 when everything ran, 1 when a contender of ours failed, crashed or had a claim refuted or a subject
could not be loaded, 2 for input that cannot be worked with, and 130 when a run was interrupted. Missed targets and
failing peers change nothing.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare import as_table, compare
from benchmarks.complaint import Complaint
from benchmarks.registry import all_subjects
from benchmarks.report.html import as_html
from benchmarks.report.markdown import as_markdown
from benchmarks.results import Ending, Results, read_results
from benchmarks.rounds import ROUNDS
from benchmarks.run import claim_folder, run
from benchmarks.selection import Wish, select
from benchmarks.subject import SUITES, Phase

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Dispatch the command line."""
    chosen = _parser().parse_args(arguments)
    commands = {"list": _list, "run": _run, "compare": _compare, "report": _report}
    try:
        return commands[chosen.command](chosen)
    except Complaint as complaint:
        print(complaint, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure beside peers.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name subjects, their phases and suites")
    runs = commands.add_parser("run", help="measure subjects beside their peers")
    runs.add_argument("--suite", required=True, help=f"one of {', '.join(sorted(SUITES))}")
    runs.add_argument("--subject", action="append", default=[], help="only this subject; may be repeated")
    runs.add_argument("--case", action="append", default=[], help="only cases of this name, of any suite; repeatable")
    runs.add_argument("--phase", action="append", default=[], choices=[p.value for p in Phase], help="only this phase")
    runs.add_argument("--data", type=Path, help="folder of public instances")
    runs.add_argument("--scenario", type=Path, help="a scenario folder for the subjects that take whole scenarios")
    runs.add_argument("--time-limit", type=float, help="seconds per contender instead of each case's own")
    runs.add_argument("--rounds", type=int, help="most turns per contender instead of the suite's")
    runs.add_argument("--seed", type=int, default=7)
    runs.add_argument("--out", type=Path, help="new folder for results.jsonl, report.md and report.html")
    compares = commands.add_parser("compare", help="tell what is faster, slower or within noise from A to B")
    compares.add_argument("a", type=Path, help="folder of a run, or its results file")
    compares.add_argument("b", type=Path)
    compares.add_argument("--json", type=Path, help="write the comparison here as well")
    reports = commands.add_parser("report", help="render a run's reports again")
    reports.add_argument("folder", type=Path)
    return parser


def _list(_: argparse.Namespace) -> int:
    registry = all_subjects()
    for entry in registry.entries.values():
        subject = entry.subject
        print(f"{subject.name}: {subject.title}; peer {subject.peer}")
        for phase in Phase:
            for case in (case for case in subject.cases if case.phase is phase):
                suites = ", ".join(sorted(case.suites)) or "by name only"
                source = f"  instance {case.instance}" if case.instance else ""
                print(f"  {phase.value:<9} {case.name:<28} {suites:<14}{source}".rstrip())
    for name, reason in registry.broken.items():
        print(f"{name}: cannot be loaded: {reason}")
    return int(bool(registry.broken))


def _run(chosen: argparse.Namespace) -> int:
    wish = Wish(
        suite=chosen.suite,
        subjects=chosen.subject,
        cases=chosen.case,
        phases=[Phase(name) for name in chosen.phase],
        data=chosen.data,
        scenario=chosen.scenario,
        time_limit=chosen.time_limit,
    )
    rounds = ROUNDS[wish.suite] if chosen.rounds is None else chosen.rounds
    if rounds < 1:
        raise Complaint(f"contenders take turns at least once, got {rounds} rounds")
    if chosen.seed < 0:
        raise Complaint(f"a seed is a whole number from 0 on, got {chosen.seed}")
    selected, left_out = select(all_subjects(), wish)
    moment = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S")
    out = claim_folder(chosen.out or Path("build/benchmarks") / f"{wish.suite}-{moment}")
    # A run that is told to end ends its child first and keeps what it has.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(selected, left_out, suite=wish.suite, seed=chosen.seed, rounds=rounds, out=out, tell=_tell)
    except KeyboardInterrupt:
        _render(out)
        return _INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    return _render(out)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _report(chosen: argparse.Namespace) -> int:
    if not chosen.folder.is_dir():
        raise Complaint(f"there is no folder {chosen.folder}; name one that `python -m benchmarks run --out` wrote")
    _render(chosen.folder)
    return 0


def _render(folder: Path) -> int:
    results = read_results(folder)
    text = as_markdown(results)
    (folder / "report.md").write_text(text, encoding="utf-8")
    (folder / "report.html").write_text(as_html(results), encoding="utf-8")
    print(text)
    _tell(f"written to {folder}")
    return int(_failed(results))


def _failed(results: Results) -> bool:
    bad = {Ending.FAILED, Ending.CRASHED, Ending.TIMED_OUT}
    ours = [turn for turn in results.turns if results.subjects[turn.subject].ours[turn.contender]]
    refuted = any(turn.ending in bad or turn.problems for turn in ours)
    # A peer may fail at its job; one that crashes points at the bench.
    crashed = any(turn.ending is Ending.CRASHED for turn in results.turns)
    return refuted or crashed or any(entry.broken for entry in results.left_out)


def _compare(chosen: argparse.Namespace) -> int:
    comparison = compare(read_results(chosen.a), read_results(chosen.b))
    print(as_table(comparison))
    if chosen.json is not None:
        try:
            chosen.json.write_text(json.dumps(comparison.content(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise Complaint(f"{chosen.json} cannot be written ({error.strerror}); name another file") from error
    return 0


if __name__ == "__main__":
    sys.exit(main())

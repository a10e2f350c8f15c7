"""Run the bench: ``python -m benchmarks list`` and ``python -m benchmarks run --suite NAME``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.concordat_command import run_concordat
from benchmarks.drivers import in_process, whole_process
from benchmarks.machine import machine_facts
from benchmarks.registry import SUITES, Suite, all_subjects
from benchmarks.report import SubjectReport, as_json, as_markdown
from benchmarks.subject import Contender, Measurement, Phase, Subject, Workload

DRIVERS: dict[Phase, Callable[[Sequence[Contender], Workload], list[Measurement]]] = {
    Phase.WHOLE_PROCESS: whole_process.drive,
    Phase.IN_PROCESS: in_process.drive,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Dispatch the command line; the exit code is 1 if any contender failed."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "list":
        for subject in all_subjects().values():
            print(f"{subject.name:<16} {', '.join(sorted(subject.suites)):<20} {subject.title}")
        return 0
    return _run(chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the subjects")
    run = commands.add_parser("run", help="measure subjects beside their peers")
    run.add_argument("--suite", choices=sorted(SUITES), required=True)
    run.add_argument("--subject", action="append", help="only this subject; may be repeated")
    run.add_argument("--data", type=Path, help="a scenario folder instead of a generated one")
    run.add_argument("--time-limit", type=float, help="seconds per contender instead of the suite's")
    run.add_argument("--rounds", type=int, help="turns per contender instead of the suite's")
    run.add_argument("--seed", type=int, default=7)
    run.add_argument("--out", type=Path, help="write JSON here and Markdown beside it")
    run.add_argument("--scratch", type=Path, default=Path("build/benchmarks"), help="folder for inputs and plans")
    return parser


def _run(chosen: argparse.Namespace) -> int:
    suite = SUITES[chosen.suite]
    subjects = _chosen_subjects(chosen.subject, suite)
    scratch = chosen.scratch / suite.name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    scenario = chosen.data or scratch / "scenario"
    if chosen.data is None:
        run_concordat("generate", "--preset", suite.preset, "--seed", str(chosen.seed), scenario)
    reports = []
    for subject in subjects:
        workload = Workload(
            name=suite.name,
            scenario=scenario,
            scratch=scratch / subject.name,
            time_limit=chosen.time_limit or suite.time_limit,
            seed=chosen.seed,
            rounds=chosen.rounds or suite.rounds,
        )
        workload.scratch.mkdir()
        measurements = DRIVERS[subject.phase](subject.prepare(workload), workload)
        reports.append(SubjectReport(subject=subject, workload=workload, measurements=measurements))
    return _tell(scenario, reports, chosen.out)


def _chosen_subjects(names: Sequence[str] | None, suite: Suite) -> list[Subject]:
    known = all_subjects()
    if unknown := set(names or ()) - known.keys():
        raise SystemExit(f"unknown subjects {sorted(unknown)}; `python -m benchmarks list` names those there are")
    return [known[name] for name in names] if names else [s for s in known.values() if suite.name in s.suites]


def _tell(scenario: Path, reports: Sequence[SubjectReport], out: Path | None) -> int:
    head = json.loads((scenario / "scenario.json").read_text(encoding="utf-8"))
    machine = machine_facts()
    text = as_markdown(machine, head, reports)
    print(text)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(as_json(machine, head, reports), encoding="utf-8")
        out.with_suffix(".md").write_text(text, encoding="utf-8")
    return int(any(report.failures() for report in reports))


if __name__ == "__main__":
    sys.exit(main())

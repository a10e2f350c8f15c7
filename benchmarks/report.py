"""What a run of the bench says: ratios beside the peer first, then the figures they come from."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks.subject import Measurement, Subject, Workload

_PLAIN = ("wall_s", "cpu_s", "peak_bytes")
_CURVE_POINTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectReport:
    """The measurements of one subject on one workload."""

    subject: Subject
    workload: Workload
    measurements: Sequence[Measurement]

    def contenders(self) -> tuple[str, ...]:
        """Return the names of the contenders in the order of their turns."""
        return tuple(dict.fromkeys(measurement.contender for measurement in self.measurements))

    def median(self, contender: str, figure: str) -> float | None:
        """Return the median of a figure over a contender's turns, None where a turn has none."""
        values = [m.figure(figure) for m in self.measurements if m.contender == contender]
        known = [value for value in values if value is not None]
        return statistics.median(known) if known and len(known) == len(values) else None

    def ratio(self, contender: str, figure: str) -> float | None:
        """Return a contender's figure over the peer's, None where either is missing or the peer's is 0."""
        ours, theirs = self.median(contender, figure), self.median(self.subject.peer, figure)
        return ours / theirs if ours is not None and theirs else None

    def failures(self) -> tuple[str, ...]:
        """Return what went wrong, a sentence per turn."""
        return tuple(
            f"{m.contender}, turn {m.round}: {m.outcome.failure}" for m in self.measurements if m.outcome.failure
        )


def as_json(machine: Mapping[str, object], scenario: Mapping[str, object], reports: Sequence[SubjectReport]) -> str:
    """Return everything measured as a JSON text."""
    content = {
        "machine": machine,
        "scenario": scenario,
        "subjects": {
            report.subject.name: {
                "title": report.subject.title,
                "peer": report.subject.peer,
                "time_limit_s": report.workload.time_limit,
                "ratios": {
                    contender: {figure: report.ratio(contender, figure) for figure in report.subject.ratios}
                    for contender in report.contenders()
                },
                "measurements": [asdict(measurement) for measurement in report.measurements],
            }
            for report in reports
        },
    }
    return json.dumps(content, indent=1)


def as_markdown(machine: Mapping[str, object], scenario: Mapping[str, object], reports: Sequence[SubjectReport]) -> str:
    """Return the report for people, as Markdown."""
    facts = ", ".join(f"{name} {value}" for name, value in machine.items() if not isinstance(value, Mapping))
    libraries = machine.get("libraries")
    versions = ", ".join(f"{n} {v}" for n, v in libraries.items()) if isinstance(libraries, Mapping) else ""
    lines = ["# Benchmarks", "", f"Machine: {facts}.", f"Libraries: {versions}.", ""]
    lines += [f"Scenario: {scenario.get('id', '?')}: {scenario.get('title', '')}", ""]
    for report in reports:
        lines += _subject_lines(report)
    return "\n".join(lines) + "\n"


def _subject_lines(report: SubjectReport) -> list[str]:
    subject = report.subject
    lines = [f"## {subject.name}", "", subject.title + ".", ""]
    lines += [f"Time limit {report.workload.time_limit:g} s per contender; ratios are ours / {subject.peer}.", ""]
    others = [name for name in report.contenders() if name != subject.peer]
    rows = [[name, *(_number(report.ratio(name, figure)) for figure in subject.ratios)] for name in others]
    lines += _table(["ratio to " + subject.peer, *subject.ratios], rows)
    figures = list(dict.fromkeys([*_PLAIN, *(name for m in report.measurements for name in m.outcome.figures)]))
    rows = [[name, *(_number(report.median(name, figure)) for figure in figures)] for name in report.contenders()]
    lines += _table(["median", *figures], rows)
    for measurement in report.measurements:
        if measurement.outcome.curve:
            lines += [f"Curve of {measurement.contender}, turn {measurement.round}:", ""]
            lines += _table(["seconds", "value", "bound"], [[*map(_number, p)] for p in _thinned(measurement)])
    return [*lines, *(f"- **{failure}**" for failure in report.failures()), ""]


def _thinned(measurement: Measurement) -> Sequence[tuple[float, float | None, float | None]]:
    curve = measurement.outcome.curve
    step = max(1, -(-len(curve) // _CURVE_POINTS))
    return (*curve[:-1:step], curve[-1])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    return [*lines, ""]


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"

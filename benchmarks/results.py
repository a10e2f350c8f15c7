"""What a run leaves behind: one JSON object a line, written as turns end, so that a killed run keeps what it has.

Kinds of lines, told apart by ``kind``: ``run`` (first: format, suite, seed), ``machine``, ``subject`` (what was
measured and aimed at, so that a report needs no subject's code), ``left_out`` (with its reason), ``turn``, and ``end``,
which only a finished run has.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from benchmarks.complaint import Complaint
from benchmarks.subject import Case, Phase, Point, Subject, Target

FORMAT = "concordat.bench/1"
FILE_NAME = "results.jsonl"


class Ending(Enum):
    """How a turn ended."""

    ANSWERED = "answered"
    STOPPED = "stopped"  # at a limit of its own, with or without an answer
    TIMED_OUT = "timed out"  # ended by the bench
    FAILED = "failed"  # said so
    CRASHED = "crashed"

    @property
    def unfinished(self) -> bool:
        """Whether the time taken is only a lower bound on the time needed."""
        return self in {Ending.STOPPED, Ending.TIMED_OUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of one contender; values and bounds are the recomputed ones.

    ``seconds`` is the whole life of the child process, ``figures`` holds what was measured in it: ``<part>_s``,
    ``<part>_cpu_s``, ``total_s``, ``total_cpu_s``, ``peak_bytes``, ``extra_bytes``, and what the answer and its
    verdict add. ``words`` is what a failed or crashed turn said last.
    """

    subject: str
    case: str
    contender: str
    round: int
    ending: Ending
    seconds: float
    figures: Mapping[str, float] = field(default_factory=dict)
    value: float | None = None
    bound: float | None = None
    bound_checked: bool = False
    gap: float | None = None
    violation: float = 0.0
    violated: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    words: str | None = None
    curve: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A subject as it stood when it was measured: cases that were run, who took part, and what was aimed at."""

    name: str
    title: str
    peer: str
    ours: Mapping[str, bool]
    cases: Mapping[str, Case]
    targets: tuple[Target, ...]

    @classmethod
    def of(cls, subject: Subject, cases: Sequence[Case]) -> Measured:
        """Describe a subject with the cases that are run."""
        return cls(
            name=subject.name,
            title=subject.title,
            peer=subject.peer,
            ours={contender.name: contender.ours for contender in subject.contenders},
            cases={case.name: case for case in cases},
            targets=subject.targets,
        )

    def taking_part(self, case: str) -> tuple[str, ...]:
        """Return the contenders of a case, the peer first among the others, ours first of all."""
        names = self.cases[case].contenders or tuple(self.ours)
        return tuple(sorted(names, key=lambda name: (not self.ours[name], name != self.peer)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A subject or case that could not take part, and why; ``case`` is None for a whole subject."""

    subject: str
    case: str | None
    reason: str
    broken: bool = False


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything a run left behind; ``complete`` is False for a run that was cut short."""

    suite: str
    seed: int
    started: str
    machine: Mapping[str, Any] = field(default_factory=dict)
    subjects: dict[str, Measured] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    complete: bool = False
    seconds: float | None = None

    def turns_of(self, subject: str, case: str, contender: str) -> list[Turn]:
        """Return the turns of one contender on one case, in order."""
        return [t for t in self.turns if (t.subject, t.case, t.contender) == (subject, case, contender)]


class Writer:
    """Appends lines to an open file, each complete on disk before the next turn starts."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, kind: str, content: Mapping[str, Any]) -> None:
        """Write one line."""
        self._stream.write(json.dumps(plain({"kind": kind, **content}), allow_nan=False) + "\n")
        self._stream.flush()

    def subject(self, measured: Measured) -> None:
        """Write a subject's line."""
        self.write(
            "subject",
            {
                "name": measured.name,
                "title": measured.title,
                "peer": measured.peer,
                "contenders": [{"name": name, "ours": ours} for name, ours in measured.ours.items()],
                "cases": [_case_content(case) for case in measured.cases.values()],
                "targets": [asdict(target) for target in measured.targets],
            },
        )

    def record(self, kind: str, record: Turn | LeftOut) -> None:
        """Write a turn's or a left-out case's line."""
        self.write(kind, {entry.name: getattr(record, entry.name) for entry in fields(record)})


def read_results(place: Path) -> Results:
    """Read a results file, or the one in a run's folder.

    Raises
    ------
    Complaint
        If there is none, it is of another format, or it is cut or damaged; the sentence names the line.
    """
    file = place / FILE_NAME if place.is_dir() else place
    if not file.is_file():
        raise Complaint(f"no results at {place}: name a folder that `python -m benchmarks run --out` wrote")
    lines = list(_lines(file))
    if not lines or lines[0][1].get("kind") != "run" or lines[0][1].get("format") != FORMAT:
        raise Complaint(f"{file} does not start with a run of format {FORMAT}; it was written by something else")
    head = lines[0][1]
    results = Results(suite=str(head.get("suite")), seed=int(head.get("seed", 0)), started=str(head.get("started")))
    for number, content in lines[1:]:
        try:
            _take(results, content)
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise Complaint(f"line {number} of {file} is no record of a run: {wrong!r}") from wrong
    return results


def _lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    text = file.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            content = json.loads(line)
        except json.JSONDecodeError as wrong:
            raise Complaint(
                f"line {number} of {file} is cut or damaged; delete it to work with the turns before it"
            ) from wrong
        if not isinstance(content, dict):
            raise Complaint(f"line {number} of {file} is no record of a run; delete it to work with the others")
        yield number, content


def _take(results: Results, content: dict[str, Any]) -> None:
    kind = content.pop("kind")
    if kind == "machine":
        results.machine = content
    elif kind == "subject":
        results.subjects[content["name"]] = _measured(content)
    elif kind == "left_out":
        results.left_out.append(LeftOut(**content))
    elif kind == "turn":
        results.turns.append(_turn(results, content))
    elif kind == "end":
        results.complete, results.seconds = True, float(content["seconds"])
    else:
        raise ValueError(f"unknown kind {kind!r}")


def _measured(content: Mapping[str, Any]) -> Measured:
    cases = [
        Case(**{**case, "phase": Phase(case["phase"]), "suites": frozenset(), "contenders": tuple(case["contenders"])})
        for case in content["cases"]
    ]
    return Measured(
        name=content["name"],
        title=content["title"],
        peer=content["peer"],
        ours={contender["name"]: contender["ours"] for contender in content["contenders"]},
        cases={case.name: case for case in cases},
        targets=tuple(Target(**target) for target in content["targets"]),
    )


def _turn(results: Results, content: dict[str, Any]) -> Turn:
    content["ending"] = Ending(content["ending"])
    for name in ("violated", "problems"):
        content[name] = tuple(content[name])
    content["curve"] = tuple((point[0], point[1], point[2]) for point in content["curve"])
    turn = Turn(**content)
    if turn.contender not in results.subjects[turn.subject].taking_part(turn.case):
        raise ValueError(f"{turn.contender!r} takes no part in {turn.case!r}")
    return turn


def _case_content(case: Case) -> dict[str, Any]:
    return {
        "name": case.name,
        "phase": case.phase,
        "parameters": case.parameters,
        "instance": case.instance,
        "time_limit": case.time_limit,
        "contenders": case.contenders,
    }


def plain(value: Any) -> Any:
    """Return the value in what JSON knows; numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int):
        return value
    number = float(value)
    return number if math.isfinite(number) else None

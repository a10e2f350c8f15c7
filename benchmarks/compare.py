"""Two runs put beside each other: faster, slower or within noise, figure by figure.

The rule: a figure has changed when the spreads (least to most) of the two runs do not overlap and the medians differ by
more than 5 %, or by more than 25 % where one run has fewer than three turns, whose spread says little. Between
different machines seconds mean nothing, so the ratios of ours to the peer are compared instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from benchmarks.results import Measured, Results
from benchmarks.statistics import Summary, summary

_NOISE, _NOISE_OF_FEW, _FEW = 0.05, 0.25, 3
_TINY_GAP = 1e-9
_MACHINE = ("processor", "cores", "memory_gib")
_FIGURES = ("total_cpu_s", "peak_bytes", "extra_bytes", "gap")


class Change(Enum):
    """What became of a figure from run A to run B; less is better for all figures compared."""

    FASTER = "faster"
    SLOWER = "slower"
    SMALLER = "smaller"
    LARGER = "larger"
    NOISE = "within noise"
    UNKNOWN = "not comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure of one contender in both runs; ``ratio`` is B / A, of seconds or of ratios to the peer."""

    subject: str
    case: str
    contender: str
    figure: str
    a: float | None
    b: float | None
    ratio: float | None
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All figures that both runs have, whether they were made on the same machine, and what only one run has."""

    same_machine: bool
    rows: tuple[Compared, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    def content(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        rows = [{**asdict(row), "change": row.change.value} for row in self.rows]
        compared = "figures" if self.same_machine else "ratios to the peer"
        return {"compared": compared, "rows": rows, "only_a": list(self.only_a), "only_b": list(self.only_b)}


def compare(a: Results, b: Results) -> Comparison:
    """Compare run B with run A."""
    same = all(a.machine.get(fact) == b.machine.get(fact) for fact in _MACHINE)
    rows = [row for measured in a.subjects.values() for row in _subject_rows(a, b, measured, same=same)]
    keys = [{(t.subject, t.case, t.contender) for t in run.turns} for run in (a, b)]
    only_a, only_b = (tuple(" · ".join(key) for key in sorted(keys[n] - keys[1 - n])) for n in (0, 1))
    return Comparison(same_machine=same, rows=tuple(rows), only_a=only_a, only_b=only_b)


def change_between(a: Summary, b: Summary, *, figure: str) -> Change:
    """Judge a figure by the rule of this module; a run that was stopped gives only a lower bound."""
    less, more = (Change.FASTER, Change.SLOWER) if figure.endswith("_s") else (Change.SMALLER, Change.LARGER)
    if a.at_least and b.at_least:
        return Change.UNKNOWN
    if a.at_least:
        return less if b.high < a.low else Change.UNKNOWN
    if b.at_least:
        return more if b.low > a.high else Change.UNKNOWN
    if figure == "gap" and max(a.median, b.median) < _TINY_GAP:
        return Change.NOISE
    noise = _NOISE if min(a.count, b.count) >= _FEW else _NOISE_OF_FEW
    overlap = a.low <= b.high and b.low <= a.high
    larger, smaller = max(a.median, b.median), min(a.median, b.median)
    if overlap or larger <= smaller * (1 + noise):
        return Change.NOISE
    return less if b.median < a.median else more


def _subject_rows(a: Results, b: Results, measured: Measured, *, same: bool) -> Iterator[Compared]:
    other = b.subjects.get(measured.name)
    for case in measured.cases:
        if other is None or case not in other.cases:
            continue
        for contender in measured.taking_part(case):
            if contender not in other.taking_part(case) or (not same and not measured.ours[contender]):
                continue
            for figure in _figures_of(a, measured.name, case, contender):
                pair = [_known(run, measured, case, (contender, figure), same=same) for run in (a, b)]
                if pair[0] is not None or pair[1] is not None:
                    yield _row((measured.name, case, contender, figure), pair[0], pair[1])


def _figures_of(results: Results, subject: str, case: str, contender: str) -> tuple[str, ...]:
    named = {name for turn in results.turns_of(subject, case, contender) for name in turn.figures}
    seconds = sorted(name for name in named if name.endswith("_s") and not name.endswith("_cpu_s"))
    return (*dict.fromkeys((*(["total_s"] if "total_s" in named else []), *seconds)), *_FIGURES)


def _known(results: Results, measured: Measured, case: str, what: tuple[str, str], *, same: bool) -> Summary | None:
    contender, figure = what
    own = summary(results, measured.name, case, contender, figure)
    if same or own is None:
        return own
    peer = summary(results, measured.name, case, measured.peer, figure)
    if peer is None or not peer.low > 0 or peer.at_least:
        return None
    return Summary(
        median=own.median / peer.median,
        low=own.low / peer.high,
        high=own.high / peer.low,
        count=min(own.count, peer.count),
        at_least=own.at_least,
    )


def _row(key: tuple[str, str, str, str], a: Summary | None, b: Summary | None) -> Compared:
    subject, case, contender, figure = key
    known = a is not None and b is not None
    return Compared(
        subject=subject,
        case=case,
        contender=contender,
        figure=figure,
        a=a.median if a is not None else None,
        b=b.median if b is not None else None,
        ratio=b.median / a.median if a is not None and b is not None and a.median else None,
        change=change_between(a, b, figure=figure) if known and a is not None and b is not None else Change.UNKNOWN,
    )


def as_table(comparison: Comparison) -> str:
    """Return the comparison as a Markdown table, changes first, with the rule in words."""
    what = (
        "figures" if comparison.same_machine else "ratios to the peer, since the runs were made on different machines"
    )
    lines = [f"Compared: {what}. B / A below 1 is better.", ""]
    lines += ["| subject | case | contender | figure | A | B | B / A | change |", "|---|---|---|---|---|---|---|---|"]
    for row in sorted(comparison.rows, key=lambda row: row.change in {Change.NOISE, Change.UNKNOWN}):
        numbers = " | ".join("—" if number is None else f"{number:.4g}" for number in (row.a, row.b, row.ratio))
        lines.append(
            f"| {row.subject} | {row.case} | {row.contender} | {row.figure} | {numbers} | {row.change.value} |"
        )
    counts: Mapping[str, int] = {
        change.value: sum(1 for row in comparison.rows if row.change is change) for change in Change
    }
    lines += ["", ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "Nothing in common."]
    for name, keys in (("A", comparison.only_a), ("B", comparison.only_b)):
        if keys:
            lines.append(f"Only in {name}: {'; '.join(keys)}")
    return "\n".join(lines)

"""What a report says, as sections of sentences and tables: ratios first, then figures, then what was wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.report.numbers import as_bytes, as_number, as_ratio, as_seconds, as_times_faster
from benchmarks.results import Ending, Measured, Results, Turn
from benchmarks.statistics import Ratio, Summary, leading, ratio, summary
from benchmarks.subject import Phase
from benchmarks.targets import Judgement, Mark, judge

_JOB_FIGURES = ("gap", "gap_proved", "total_cpu_s", "peak_bytes")
FIRST = ("Benchmarks", "Ratios", "Targets")
"""Titles of the sections that a page shows before its charts."""

_CLOSED = 1e-9  # Gaps below are rounding errors, and their ratios say nothing.
_COMMON = ("total_s", "total_cpu_s", "peak_bytes", "extra_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of texts under a head; ``marks`` names a style per row, empty for plain ones."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with sentences and tables below it."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def sections(results: Results) -> list[Section]:
    """Return the sections of a report, in their order."""
    judgements = [judgement for judgement in judge(results) if _concerns(results, judgement)]
    found = [
        _head(results, judgements),
        _ratios(results),
        *(_figures(results, measured) for measured in results.subjects.values()),
        _violations(results),
        _refuted(results),
        _targets(judgements),
        _unanswered(results),
        _left_out(results),
        _machine(results),
    ]
    return [section for section in found if section.sentences or section.tables]


def _concerns(results: Results, judgement: Judgement) -> bool:
    """Tell whether a target is of this run: outside the full suite a target is missed only where its case was run."""
    return results.suite == "full" or judgement.target.case in results.subjects[judgement.subject].cases


def _head(results: Results, judgements: Sequence[Judgement]) -> Section:
    counts = {mark: sum(1 for judgement in judgements if judgement.mark is mark) for mark in Mark}
    told = ", ".join(f"{count} {mark.value}" for mark, count in counts.items())
    took = "" if results.seconds is None else f", {results.seconds / 60:.1f} minutes"
    sentences = [f"Suite {results.suite}, seed {results.seed}, {results.started}{took}. Targets: {told}."]
    if not results.complete:
        sentences.append("This run was cut short: what follows is what it had measured by then.")
    if results.suite == "smoke":
        sentences.append(
            "The smoke suite shows that everything runs; its cases are too small for their times to mean much."
        )
    return Section(title="Benchmarks", sentences=tuple(sentences))


def _ratios(results: Results) -> Section:
    rows = [
        row
        for measured in results.subjects.values()
        for case in measured.cases
        for row in _case_ratios(results, measured, case)
    ]
    head = ("subject", "case", "phase", "contender", "against", "figure", "times better", "ratio", "extra memory")
    sentence = (
        "Each ratio is one of medians of the same run, ours over a peer's, or a contender's over the first peer's "
        "where none is ours. A peer that was stopped at its limit needed at least that long, so its ratio is a bound "
        "(≥). Above 1 in the column “times better” is for the contender; “extra memory” is the ratio of what was "
        "needed beyond the instance. A gap that rests on a bound nobody recomputed is marked as claimed."
    )
    table = Table(head=(*head, "gap", "gap of the other"), rows=tuple(rows))
    return Section(title="Ratios", sentences=(sentence,), tables=(table,) if rows else ())


def _case_ratios(results: Results, measured: Measured, case: str) -> list[tuple[str, ...]]:
    phase = measured.cases[case].phase
    rows = []
    for own, rival in _pairs(measured, case):
        memory = ratio(*(summary(results, measured.name, case, name, "extra_bytes") for name in (own, rival)))
        for figure, quotient in _comparable(results, measured.name, case, (own, rival)):
            rows.append(
                (
                    *(measured.name, case, phase.value, own, rival, figure),
                    as_times_faster(quotient),
                    as_ratio(quotient),
                    "—" if memory is None else as_ratio(memory),
                    *(_last_gap(results.turns_of(measured.name, case, name)) for name in (own, rival)),
                )
            )
    return rows


def _pairs(measured: Measured, case: str) -> list[tuple[str, str]]:
    """Return ours with each peer, or every contender with the first peer where none is ours."""
    names = measured.taking_part(case)
    ours = [name for name in names if measured.ours[name]]
    if ours:
        return [(own, rival) for own in ours for rival in names if not measured.ours[rival]]
    return [(name, measured.peer) for name in names if name != measured.peer and measured.peer in names]


def _comparable(results: Results, subject: str, case: str, pair: tuple[str, str]) -> list[tuple[str, Ratio]]:
    (first, own), (second, other) = (leading(results, subject, case, name) for name in pair)
    found = [(first, ratio(own, other))] if first == second else []
    more: tuple[str, ...] = ()
    if results.subjects[subject].cases[case].phase is Phase.JOB:
        more = _JOB_FIGURES
    elif own is not None and other is not None and own.at_least and other.at_least:
        # Seconds of two that were both stopped say nothing; what they reached by then does.
        more = ("gap",)
    for figure in more:
        own, other = (summary(results, subject, case, name, figure) for name in pair)
        closed = figure.startswith("gap") and any(one is None or one.median < _CLOSED for one in (own, other))
        found.append((figure, None if closed else ratio(own, other)))
    return [(figure, quotient) for figure, quotient in found if quotient is not None]


def _last_gap(turns: Sequence[Turn]) -> str:
    answered = [turn for turn in turns if turn.gap is not None]
    if not answered:
        return "—"
    return as_number(answered[-1].gap) + ("" if answered[-1].bound_checked else " (claimed)")


def _figures(results: Results, measured: Measured) -> Section:
    tables = tuple(_case_table(results, measured, case) for case in measured.cases)
    sentence = f"{measured.title}. Medians over the turns, with the least and the most in brackets."
    return Section(title=measured.name, sentences=(sentence,), tables=tables)


def _case_table(results: Results, measured: Measured, case: str) -> Table:
    names = measured.taking_part(case)
    turns = [turn for name in names for turn in results.turns_of(measured.name, case, name)]
    figures = [name for name in _COMMON if any(name in turn.figures for turn in turns)]
    figures += sorted({name for turn in turns for name in turn.figures} - {*_COMMON})
    rows = []
    for name in names:
        own = results.turns_of(measured.name, case, name)
        endings = ", ".join(dict.fromkeys(turn.ending.value for turn in own)) or "no turn"
        cells = [_cell(summary(results, measured.name, case, name, figure), figure) for figure in figures]
        rows.append((name, str(len(own)), endings, *_claims(own), *cells))
    limit = measured.cases[case].time_limit
    head = (
        f"{case} ({measured.cases[case].phase.value}, limit {limit:g} s)",
        "turns",
        "ended",
        "value",
        "bound",
        "gap",
    )
    return Table(head=(*head, *figures), rows=tuple(rows))


def _claims(turns: Sequence[Turn]) -> tuple[str, str, str]:
    answered = [turn for turn in turns if turn.value is not None or turn.bound is not None]
    if not answered:
        return "—", "—", "—"
    last = answered[-1]
    unchecked = "" if last.bound_checked or last.bound is None else " (claimed)"
    return as_number(last.value, digits=8), as_number(last.bound, digits=8) + unchecked, as_number(last.gap)


def _cell(figure: Summary | None, name: str) -> str:
    if figure is None:
        return "—"
    write = as_seconds if name.endswith("_s") else as_bytes if name.endswith("_bytes") else as_number
    least = "≥ " if figure.at_least else ""
    spread = "" if figure.low == figure.high else f" ({write(figure.low)}–{write(figure.high)})"
    return f"{least}{write(figure.median)}{spread}"


def _violations(results: Results) -> Section:
    rows = _once(
        (turn.subject, turn.case, turn.contender, as_number(turn.violation), "; ".join(turn.violated))
        for turn in results.turns
        if turn.violated
    )
    table = Table(head=("subject", "case", "contender", "largest", "which"), rows=rows)
    return Section(title="Violated constraints", tables=(table,) if rows else ())


def _refuted(results: Results) -> Section:
    rows = _once((turn.subject, turn.case, turn.contender, words) for turn in results.turns for words in turn.problems)
    table = Table(head=("subject", "case", "contender", "claim"), rows=rows)
    return Section(title="Refuted claims", tables=(table,) if rows else ())


def _targets(judgements: Sequence[Judgement]) -> Section:
    rows = tuple(
        (
            judgement.subject,
            judgement.target.text,
            f"**{judgement.mark.value}**",
            _wanted(judgement),
            _reached(judgement),
            judgement.why,
        )
        for judgement in judgements
    )
    table = Table(
        head=("subject", "target", "", "wanted", "measured", "because"),
        rows=rows,
        marks=tuple(judgement.mark.value.replace(" ", "-") for judgement in judgements),
    )
    return Section(title="Targets", tables=(table,) if rows else ())


def _wanted(judgement: Judgement) -> str:
    target = judgement.target
    numbers = [
        f"{sign} {_target_number(number, judgement)}"
        for sign, number in (("≥", target.at_least), ("≤", target.at_most))
        if number is not None
    ]
    rival = ""
    if target.is_ratio:
        other = " ".join(name for name in (target.against, target.against_figure, target.against_case) if name)
        rival = f" / {other}"
    return f"{target.contender} {target.figure}{rival} {' and '.join(numbers)}"


def _reached(judgement: Judgement) -> str:
    if judgement.figure is None:
        return "—"
    sign = "" if judgement.figure.sign == "=" else judgement.figure.sign + " "
    return sign + _target_number(judgement.figure.value, judgement)


def _target_number(number: float, judgement: Judgement) -> str:
    target = judgement.target
    if target.is_ratio:
        return as_number(number)
    if target.figure.endswith("_s"):
        return as_seconds(number)
    return as_bytes(number) if target.figure.endswith("_bytes") else as_number(number)


def _unanswered(results: Results) -> Section:
    rows = _once(
        (turn.subject, turn.case, turn.contender, turn.ending.value, turn.words or "")
        for turn in results.turns
        if turn.ending is not Ending.ANSWERED
    )
    table = Table(head=("subject", "case", "contender", "ended", "words"), rows=rows)
    return Section(title="Turns without a finished answer", tables=(table,) if rows else ())


def _left_out(results: Results) -> Section:
    rows = tuple((entry.subject, entry.case or "all", entry.reason) for entry in results.left_out)
    return Section(title="Left out", tables=(Table(head=("subject", "case", "reason"), rows=rows),) if rows else ())


def _machine(results: Results) -> Section:
    facts = [f"{name} {value}" for name, value in results.machine.items() if not isinstance(value, Mapping)]
    libraries = results.machine.get("libraries")
    versions = [f"{n} {v}" for n, v in libraries.items()] if isinstance(libraries, Mapping) else []
    sentences = [", ".join(part) + "." for part in (facts, versions) if part]
    return Section(title="Machine", sentences=tuple(sentences))


def _once(rows: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(rows))

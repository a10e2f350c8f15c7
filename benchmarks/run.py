"""A whole run: every chosen case of every chosen subject, each turn on disk before the next one starts."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.complaint import Complaint
from benchmarks.machine import machine_facts
from benchmarks.results import FILE_NAME, FORMAT, LeftOut, Measured, Turn, Writer
from benchmarks.rounds import take_turns
from benchmarks.selection import Chosen
from benchmarks.subject import Case
from benchmarks.turn import Place, take_turn

Tell = Callable[[str], None]


def claim_folder(out: Path) -> Path:
    """Return the folder to write to, made if there is none.

    Raises
    ------
    Complaint
        If it is a file, cannot be made, or holds anything, which may be another run.
    """
    if out.is_file():
        raise Complaint(f"{out} is a file; name a new folder")
    if out.exists() and any(out.iterdir()):
        raise Complaint(f"{out} is not empty: it may hold another run; name a new folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Complaint(f"{out} cannot be made ({error.strerror}); name a folder that can be written to") from error
    return out


def run(
    chosen: Sequence[Chosen], left_out: Sequence[LeftOut], *, suite: str, seed: int, rounds: int, out: Path, tell: Tell
) -> None:
    """Measure everything chosen and write ``results.jsonl`` into the folder ``out``."""
    started = time.perf_counter()
    scratch = Path(tempfile.mkdtemp(prefix="concordat-bench-"))
    try:
        with (out / FILE_NAME).open("w", encoding="utf-8") as stream:
            writer = Writer(stream)
            moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            writer.write("run", {"format": FORMAT, "suite": suite, "seed": seed, "rounds": rounds, "started": moment})
            writer.write("machine", machine_facts())
            for entry in left_out:
                tell(f"left out: {entry.subject} {entry.case or ''}: {entry.reason}")
                writer.record("left_out", entry)
            for choice in chosen:
                writer.subject(Measured.of(choice.subject, [case for case, _ in choice.cases]))
            for choice in chosen:
                for case, data in choice.cases:
                    place = Place(
                        subject=choice.subject.name,
                        module=choice.entry.module,
                        case=case,
                        data=data,
                        seed=seed,
                        scratch=scratch,
                    )
                    _run_case(choice, case, place, rounds=rounds, writer=writer, tell=tell)
            writer.write("end", {"seconds": time.perf_counter() - started})
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_case(choice: Chosen, case: Case, place: Place, *, rounds: int, writer: Writer, tell: Tell) -> None:
    contenders = choice.subject.taking_part(case)
    for turn in take_turns(contenders, rounds, lambda contender, number: take_turn(place, contender, number)):
        writer.record("turn", turn)
        tell(_line(turn))


def _line(turn: Turn) -> str:
    seconds = turn.figures.get("total_s")
    told = "" if seconds is None else f"{seconds:.3g} s, "
    gap = "" if turn.gap is None else f", gap {turn.gap:.2g}"
    wrong = "".join(f"; {problem}" for problem in turn.problems)
    words = f" ({turn.words})" if turn.words else ""
    head = f"{turn.subject} · {turn.case} · {turn.contender} · turn {turn.round + 1}"
    return f"{head}: {told}{turn.ending.value}{gap}{wrong}{words} [{turn.seconds:.1f} s in all]"

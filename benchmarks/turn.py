"""Start a child for one turn, wait for it, end it when it hangs, and tell how the turn ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.child import GRACE_FACTOR, GRACE_SECONDS
from benchmarks.results import Ending, Turn
from benchmarks.subject import Case, Contender

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
_JOB_SECONDS = 120.0
_LAST_LINES = 8
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What all turns of a case share: the subject's name and module, its data folder, the seed, a folder for files."""

    subject: str
    module: str
    case: Case
    data: Path | None
    seed: int
    scratch: Path
    grace_seconds: float = GRACE_SECONDS

    def deadline(self, contender: Contender) -> float:
        """Return the seconds after which a child is ended; a command is ended by its own child before."""
        job = _JOB_SECONDS if contender.command is not None else 0.0
        return GRACE_FACTOR * self.case.time_limit + self.grace_seconds + job


def take_turn(place: Place, contender: Contender, turn: int) -> Turn:
    """Run one turn in a fresh child process; whatever happens to the child, a turn is returned."""
    stem = place.scratch / f"{place.subject}-{_file_name(place.case.name)}-{_file_name(contender.name)}-{turn}"
    out, log = stem.with_name(stem.name + ".json"), stem.with_name(stem.name + ".log")
    started = time.perf_counter()
    # Whatever a child writes goes with it; the name is short because sockets in it may not have long paths.
    with tempfile.TemporaryDirectory(dir=place.scratch, prefix="", ignore_cleanup_errors=True) as temporary:
        returncode = _run_child(place, contender, out, log=log, temporary=temporary)
    seconds = time.perf_counter() - started
    content = _content(place, contender, out, log, returncode)
    return Turn(
        subject=place.subject, case=place.case.name, contender=contender.name, round=turn, seconds=seconds, **content
    )


def _run_child(place: Place, contender: Contender, out: Path, *, log: Path, temporary: str) -> int | None:
    with log.open("wb") as sink:
        child = subprocess.Popen(
            _command(place, contender, out),
            stdout=sink,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**_environment(place.case), "TMPDIR": temporary},
            start_new_session=True,
        )
        try:
            return child.wait(timeout=place.deadline(contender))
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(child)


def _command(place: Place, contender: Contender, out: Path) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.child", "--module", place.module, "--case", place.case.name]
    command += ["--contender", contender.name, "--seed", str(place.seed), "--out", str(out)]
    command += ["--time-limit", repr(place.case.time_limit)]
    return [*command, "--data", str(place.data)] if place.data is not None else command


def _environment(case: Case) -> Mapping[str, str]:
    threads = str(case.parameters.get("threads", 1))
    path = os.pathsep.join(part for part in (str(_ROOT), os.environ.get("PYTHONPATH", "")) if part)
    # A fixed hash seed: the order of sets must not differ from turn to turn.
    return {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, threads), "PYTHONPATH": path, "PYTHONHASHSEED": "0"}


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _content(place: Place, contender: Contender, out: Path, log: Path, returncode: int | None) -> dict[str, Any]:
    if returncode == 0 and out.is_file():
        return _told(place, json.loads(out.read_text(encoding="utf-8")))
    stage_file = out.with_suffix(".stage")
    stage = stage_file.read_text(encoding="utf-8") if stage_file.is_file() else "start"
    if returncode is None:
        words = f"ended by the bench after {place.deadline(contender):.0f} s in its step {stage!r}"
        # Time that preparing or checking takes says nothing about the contender.
        return {"ending": Ending.TIMED_OUT if stage == "run" else Ending.CRASHED, "words": words}
    words = f"{_exit(returncode)} in its step {stage!r}: {_last_words(log)}"
    return {"ending": Ending.CRASHED, "words": _without_places(words, place)}


def _told(place: Place, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the child wrote as the fields of a turn."""
    lists = {name: tuple(_without_places(text, place) for text in content[name]) for name in ("violated", "problems")}
    return {
        **content,
        **lists,
        "ending": Ending(content["ending"]),
        "words": None if content["words"] is None else _without_places(content["words"], place),
        "figures": {name: value for name, value in content["figures"].items() if value is not None},
        "curve": tuple((point[0], point[1], point[2]) for point in content["curve"]),
    }


def _exit(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"ended by signal {-returncode}"


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return " | ".join(lines[-_LAST_LINES:])[-1500:]


def _without_places(text: str, place: Place) -> str:
    """Drop the folders of this machine: what a turn says is published."""
    folders = {"scratch": place.scratch, "data": place.data, ".": _ROOT, "python": Path(sys.base_prefix)}
    for name, folder in folders.items():
        if folder is not None and len(folder.parts) > 1:
            text = text.replace(str(folder), name).replace(str(folder.resolve()), name)
    return text


def _file_name(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_.=" else "_" for sign in name)

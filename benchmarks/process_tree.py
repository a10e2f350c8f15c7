"""Whole-process figures: wall time, processor time and peak memory of a command and of everything it starts.

The processes of a run are recognised by a mark in their environment, which children inherit even when their parent
ends first (as the daemons of an agent runtime do). Where there is no `/proc`, only the operating system's account of
ended children is used.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MARK = "CONCORDAT_BENCHMARK_RUN"
_PROC = Path("/proc")
_SAMPLE_SECONDS = 0.25
_PARTING_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFigures:
    """What a command cost: seconds, seconds, bytes; ``processes`` is the largest number alive at once.

    ``returncode`` is None when the command was ended at its deadline; ``left`` counts processes that outlived it by
    some seconds. Memory is the proportional set size: a page shared by n processes counts 1/n in each of them.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int
    processes: int
    returncode: int | None
    left: int
    errors: str


def run_measured(command: Sequence[str], *, deadline: float, log: Path) -> ProcessFigures:
    """Run a command to its end, or for ``deadline`` seconds, and return what it and its children cost.

    Standard output and error go to the file ``log``; its last lines are returned as ``errors`` for a failed command.
    """
    mark = uuid.uuid4().hex
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    account = _Account(mark)
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with log.open("wb") as sink:
        child = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, env={**os.environ, _MARK: mark})
        returncode: int | None = None
        while returncode is None and time.perf_counter() - started < deadline:
            account.sample()
            try:
                # Short commands are looked at more often, or their peak would be missed.
                elapsed = time.perf_counter() - started
                returncode = child.wait(timeout=min(_SAMPLE_SECONDS, 0.02 + elapsed / 20))
            except subprocess.TimeoutExpired:
                continue
        wall = time.perf_counter() - started
        if returncode is None:
            child.terminate()
            _end(child)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
    return ProcessFigures(
        wall_s=wall,
        # Daemons are not waited for by the command, short-lived children are not seen by sampling: take the larger.
        cpu_s=max(waited, account.cpu_s),
        peak_bytes=max(account.peak_bytes, _largest_child_bytes(after)),
        processes=account.processes,
        returncode=returncode,
        left=account.left_after(_PARTING_SECONDS),
        errors="" if returncode == 0 else tail,
    )


def processes_below(root: int) -> list[int]:
    """Return a process and all that it started and those started, as far as their parents live (Linux)."""
    children: dict[int, list[int]] = {}
    for status in _PROC.glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
        children.setdefault(parent, []).append(int(status.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def title_of(pid: int) -> bytes:
    """Return what a process calls itself, nothing for one that is gone (Linux)."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def tree_bytes(root: int) -> int:
    """Return the memory of a process and all below it, pages shared by n processes counted 1/n in each."""
    total = 0
    for pid in processes_below(root):
        with suppress(OSError):  # it ended meanwhile
            total += _proportional_bytes(pid)
    return total


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _largest_child_bytes(usage: resource.struct_rusage) -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit if not _PROC.is_dir() else 0


class _Account:
    """Adds up memory and processor time of the marked processes, sample by sample."""

    def __init__(self, mark: str) -> None:
        self._needle = f"{_MARK}={mark}".encode()
        self._ours: dict[int, bool] = {}
        self._cpu: dict[int, float] = {}
        self.peak_bytes = 0
        self.processes = 0

    @property
    def cpu_s(self) -> float:
        return sum(self._cpu.values())

    def alive(self) -> Iterator[int]:
        """Yield the marked processes that are alive now."""
        if not _PROC.is_dir():
            return
        for entry in _PROC.iterdir():
            if not entry.name.isdigit():
                continue
            pid = int(entry.name)
            # A process shows its parent's environment until it has replaced its image, so only a yes is remembered.
            if not self._ours.get(pid):
                self._ours[pid] = self._is_marked(entry)
            if self._ours[pid] and entry.exists():
                yield pid

    def left_after(self, seconds: float) -> int:
        """Return how many marked processes are still alive after at most that many seconds of waiting for none."""
        deadline = time.monotonic() + seconds
        while (left := len(tuple(self.alive()))) and time.monotonic() < deadline:
            time.sleep(_SAMPLE_SECONDS)
        return left

    def _is_marked(self, entry: Path) -> bool:
        try:
            return self._needle in (entry / "environ").read_bytes()
        except OSError:
            return False

    def sample(self) -> None:
        """Look once at every marked process."""
        total, number = 0, 0
        for pid in self.alive():
            try:
                total += _proportional_bytes(pid)
                self._cpu[pid] = _cpu_seconds(pid)
            except OSError:
                continue
            number += 1
        self.peak_bytes = max(self.peak_bytes, total)
        self.processes = max(self.processes, number)


def _proportional_bytes(pid: int) -> int:
    for line in (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _cpu_seconds(pid: int) -> float:
    # The command name stands in brackets and may hold spaces; counting starts behind it.
    fields = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

"""A server that lives as long as the command which started it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from planner.domain.errors import ServerUnavailable

READY = "listening on "
_STOP_SECONDS = 20.0
_LAST_LINES = 20
_FOR_ANY_SERVER = ("CONCORDAT_BACKEND", "CONCORDAT_RAY_ADDRESS", "CONCORDAT_DEBUG")


class ChildServer:
    """A running child; see :class:`planner.cli.launchers.ChildServer`."""

    def __init__(self, process: subprocess.Popen[str], stderr: Path, address: str) -> None:
        self.address = address
        self._process = process
        self._stderr = stderr

    def last_words(self) -> str | None:
        """Return what it wrote in the end if it died; nothing while it lives."""
        if self._process.poll() is None:
            return None
        return last_lines(self._stderr) or f"(none; exit code {self._process.returncode})"


@contextmanager
def child_server(runtime: str) -> Iterator[ChildServer]:
    """Start a server on a free loopback port, its data in a temporary folder, and end it with the context.

    It leads a session of its own, so that Ctrl-C reaches only the command, and it ends when its standard input does:
    so it outlives neither a kill of the command. Settings meant for a server that
    people share do not reach it.

    Raises
    ------
    ServerUnavailable
        If it ends before it serves.
    """
    with tempfile.TemporaryDirectory(prefix="concordat-", ignore_cleanup_errors=True) as folder:
        stderr = Path(folder) / "stderr.log"
        with stderr.open("wb") as stream:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "cluster.main", "serve", "--listen", "127.0.0.1:0"),
                    *("--data", str(Path(folder) / "data"), "--runtime", runtime, "--until-stdin-closes"),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                start_new_session=True,
                env=_private(os.environ),
            )
        try:
            yield ChildServer(process, stderr, _address(process, stderr))
        finally:
            _end(process)


def _private(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("CONCORDAT_") or name in _FOR_ANY_SERVER
    }


def last_lines(file: Path) -> str:
    """Return the end of a log file."""
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])


def _address(process: subprocess.Popen[str], stderr: Path) -> str:
    for line in process.stdout or ():
        if line.startswith(READY):
            return line.removeprefix(READY).strip()
    process.wait()
    raise ServerUnavailable(f"the server could not be started (exit code {process.returncode}):\n{last_lines(stderr)}")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()

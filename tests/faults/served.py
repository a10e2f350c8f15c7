"""Real servers as processes of their own, killed and told to stop by their ids, with everything below them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cluster.gateway import READY

PATIENCE_SECONDS = 120.0
"""How long a condition may take on a machine that does other things too."""


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds; fails by its name if it does not."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)


@dataclass(slots=True)
class Server:
    """A server process: what started it, where it listens, and all processes that were ever seen below it."""

    process: subprocess.Popen[str]
    address: str
    below: set[int] = field(default_factory=set)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        """Kill it as `kill -9` does, and wait until it is gone."""
        self.below |= descendants(self.process.pid)
        self.process.kill()
        self.process.wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.below |= descendants(self.process.pid)
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def serving(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> Iterator[Server]:
    """Run a command that says where it listens; it and all below it are gone when the context ends."""
    process = subprocess.Popen(
        [*map(str, command)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    server = Server(process, "")
    try:
        assert process.stdout is not None
        server.address = process.stdout.readline().removeprefix(READY).strip()
        assert server.address, f"{command} did not say where it listens"
        yield server
    finally:
        server.below |= descendants(process.pid)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()
        for pid in server.below:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def concordat_serve(data: Path, *options: str, port: int = 0) -> list[str | Path]:
    """Return the command that serves as the product does."""
    listen = f"127.0.0.1:{port}"
    return [sys.executable, "-m", "cluster.main", "serve", "--listen", listen, "--data", data, *options]


def descendants(ancestor: int) -> set[int]:
    """Return the living processes below one (Linux)."""
    children: dict[int, set[int]] = {}
    for pid, (parent, _) in processes().items():
        children.setdefault(parent, set()).add(pid)
    found: set[int] = set()
    todo = [ancestor]
    while todo:
        new = children.get(todo.pop(), set()) - found
        found |= new
        todo.extend(new)
    return found


def processes() -> dict[int, tuple[int, bytes]]:
    """Return the parent and the command line of every living process (Linux)."""
    found: dict[int, tuple[int, bytes]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        if status[0] != "Z":
            found[int(entry.name)] = (int(status[1]), command)
    return found

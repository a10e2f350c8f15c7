"""The commands of the runbook, and a machine on which they are run as they stand."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.deploy.manifests import ROOT
from tests.faults.served import descendants, wait_until

RUNBOOK = ROOT / "docs" / "RUNBOOK.md"
ADDRESS = "127.0.0.1:50051"
PLACES = ("/etc/concordat", "/var/lib/concordat", "/var/log/concordat", "/var/backups/concordat")
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_EXITS = re.compile(r"\s+# exits with (\d+)$")


def sections() -> dict[str, list[list[str]]]:
    """Return the console blocks of the runbook, each as its lines, by the title above them."""
    text = RUNBOOK.read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)[1:]
    return {
        title: [block.splitlines() for block in CONSOLE.findall(body)]
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }


def blocks(title: str, first_word: str | None = None) -> list[list[str]]:
    """Return the blocks of a section that are run on a machine, or of them those that begin with a word."""
    here = [block for block in sections()[title] if not any("kubectl" in line for line in block)]
    return [block for block in here if first_word in (None, block[0].split()[0])]


@dataclass(slots=True)
class Machine:
    """A folder that stands for a machine: its paths, its address, its environment, its servers."""

    folder: Path
    port: int
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)
    servers: set[int] = field(default_factory=set)

    @property
    def address(self) -> str:
        """Where the server of this machine listens."""
        return f"127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """The data folder of the server."""
        return self.folder / "var/lib/concordat"

    @property
    def server(self) -> int:
        """The process that holds the data."""
        return int((self.data / "lock").read_text(encoding="utf-8"))

    def settings(self, **told: object) -> None:
        """Write the settings file; ``told`` are lines of the table ``door``."""
        folder = self.folder / "etc/concordat"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f'data = "{self.data}"', f'runtime = "{self.environment.get("TEST_RUNTIME", "local")}"', "[door]"]
        lines += [f'listen = "{self.address}"', *(f'{name} = "{value}"' for name, value in told.items())]
        (folder / "concordat.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, block: list[str], **stands_for: str) -> str:
        """Run the lines of a block one after the other, each as a shell would; returns what they printed.

        ``stands_for`` are words of the runbook and what is meant by them here. A line fails unless it exits with 0, or
        with what its comment says.
        """
        printed = ""
        for line in block:
            told = _EXITS.search(line)
            command = _EXITS.sub("", line)
            for word, meant in ({ADDRESS: self.address} | {place: f"{self.folder}{place}" for place in PLACES}).items():
                command = command.replace(word, meant)
            for word, meant in stands_for.items():
                command = re.sub(rf"\b{word}\b", meant, command)
            done = subprocess.run(
                ["bash", "-c", command],
                check=False,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env=self.environment,
                timeout=120,
            )
            expected = 0 if told is None else int(told[1])
            assert done.returncode == expected, f"{command}\nexited with {done.returncode}\n{done.stdout}{done.stderr}"
            printed += done.stdout + done.stderr
            self.note_server()
        return printed

    def note_server(self) -> None:
        """Remember the process that holds the data, and all below it, to be ended."""
        with suppress(OSError, ValueError):
            if Path(f"/proc/{self.server}/exe").samefile(sys.executable):
                self.servers |= {self.server, *descendants(self.server)}


@contextmanager
def machine(folder: Path, **environment: str) -> Iterator[Machine]:
    """Give a machine whose folders are there and on which nothing runs; nothing of it runs afterwards."""
    for place in ("etc/concordat/identity", "var/lib", "var/log", "var/backups/concordat"):
        (folder / place).mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONCORDAT_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    made = Machine(folder, port, {**kept, "PATH": path, **environment})
    try:
        yield made
    finally:
        made.note_server()
        for pid in made.servers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in made.servers), "all servers are gone")

"""Networks of their own for some processes, on a switch whose wires can be cut (Linux).

Whoever uses it runs in a network namespace of its own already: ``unshare -n``. Nothing of it is seen outside, and it is
gone with its processes.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = "10.77.0.1"
"""The address of the switch, and of whoever listens beside it."""
PROGRAMS = ("unshare", "nsenter", "ip")


def missing() -> str:
    """Say why no networks can be played here; empty where they can."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"there is no program {absent[0]}"
    tried = subprocess.run(
        ["unshare", "-n", "ip", "link", "add", "name", "switch", "type", "bridge"],
        check=False,
        capture_output=True,
        text=True,
    )
    return tried.stderr.strip() if tried.returncode else ""


def _ip(*words: str | int, inside: int | None = None) -> None:
    entering = [] if inside is None else ["nsenter", "--net", "-t", str(inside)]
    subprocess.run([*entering, "ip", *map(str, words)], check=True)


@dataclass(slots=True)
class Switch:
    """A switch with one wire per network."""

    holders: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def command(self, network: str, command: list[str | Path]) -> list[str | Path]:
        """Return the command that runs another one in a network."""
        return ["nsenter", "--net", "-t", str(self.holders[network].pid), *command]

    def cut(self, network: str) -> None:
        """Cut the wire of a network."""
        _ip("link", "set", f"to-{network}", "down")

    def mend(self, network: str) -> None:
        """Mend the wire of a network."""
        _ip("link", "set", f"to-{network}", "up")

    def add(self, network: str, address: str, stack: ExitStack) -> None:
        """Add a network of one address; it lives as long as the stack."""
        holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
        stack.callback(_end, holder)
        assert holder.stdout is not None
        holder.stdout.readline()  # by then its network is another one than ours
        self.holders[network] = holder
        _ip("link", "add", f"to-{network}", "type", "veth", "peer", "name", "wire", "netns", holder.pid)
        _ip("link", "set", f"to-{network}", "master", "switch", "up")
        _ip("addr", "add", f"{address}/24", "dev", "wire", inside=holder.pid)
        for link in ("lo", "wire"):
            _ip("link", "set", link, "up", inside=holder.pid)


@contextmanager
def switch(networks: dict[str, str]) -> Iterator[Switch]:
    """Give networks by name and address around a switch, in the namespace of this process."""
    known = subprocess.run(["ip", "-o", "addr"], check=True, capture_output=True, text=True).stdout
    assert not known, f"run this in a network namespace of its own: {known}"
    _ip("link", "set", "lo", "up")
    _ip("link", "add", "name", "switch", "type", "bridge")
    _ip("addr", "add", f"{HERE}/24", "dev", "switch")
    _ip("link", "set", "switch", "up")
    with ExitStack() as stack:
        made = Switch()
        for network, address in networks.items():
            made.add(network, address, stack)
        yield made


def _end(holder: subprocess.Popen[bytes]) -> None:
    holder.kill()
    holder.wait()
    if holder.stdout is not None:
        holder.stdout.close()

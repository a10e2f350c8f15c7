"""A Ray cluster of several nodes on this machine, any of which can be killed with everything that runs on it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.process_tree import processes_below

_RAY = Path(sys.executable).with_name("ray")
_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 240.0


@contextmanager
def ray_head() -> Iterator[tuple[str, dict[str, str], int]]:
    """Run the head of a cluster, a node of one processor; yield its address, what joins it is told, and its process.

    Raises
    ------
    TimeoutError
        If nobody listens at the address after some minutes.
    """
    told = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_raylet_start_wait_time_s": "150",
        "POLARS_MAX_THREADS": "1",
    }
    # Paths of sockets must be short.
    place, port = Path(tempfile.mkdtemp(prefix="r", dir="/tmp")), _free_port()
    options = ("--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={place}")
    try:
        with ray_node(told, *options) as head:
            until = time.monotonic() + _PATIENCE_SECONDS
            while not _listens(port):
                if time.monotonic() > until:
                    raise TimeoutError(f"no head of Ray listens at {_HOST}:{port}; its logs were in {place}")
                time.sleep(0.1)
            yield f"{_HOST}:{port}", told, head
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def ray_node(told: Mapping[str, str], *options: str) -> Iterator[int]:
    """Run a node of one processor until the context ends, and yield its process; nothing of it is left then."""
    command = [str(_RAY), "start", f"--node-ip-address={_HOST}", "--num-cpus=1", "--object-store-memory=80000000"]
    command += ["--disable-usage-stats", "--block", *options]
    node = subprocess.Popen(command, env={**told}, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        yield node.pid
    finally:
        kill_with_all_below(node.pid)
        node.wait()


def kill_with_all_below(root: int) -> None:
    """Kill a process and all below it at once; those that are gone are left alone."""
    for pid in processes_below(root):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as door:
        door.bind((_HOST, 0))
        port: int = door.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex((_HOST, port)) == 0

"""The process of Ray's head as the server sees it: a child that tells an address and ends with its standard input."""

from __future__ import annotations

import subprocess
import sys

_GRACE_SECONDS = 20.0


def spawn_head() -> subprocess.Popen[str]:
    """Start a head of this server's own; its first line of output will be the cluster's address."""
    return subprocess.Popen(
        [sys.executable, "-m", "actors.on_ray"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def end_head(head: subprocess.Popen[str]) -> None:
    """Let a head end by itself, or end it after a while."""
    if head.stdin is not None:
        head.stdin.close()
    try:
        head.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        head.kill()
        head.wait()
    if head.stdout is not None:
        head.stdout.close()

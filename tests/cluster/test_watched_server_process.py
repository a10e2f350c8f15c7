"""The server as people start it: its log, its metrics over HTTP, and `concordat status` as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONCORDAT = (sys.executable, "-m", "cluster.main")


@contextmanager
def serving(data: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start `concordat serve` on a free port; gives the process and its address."""
    process = subprocess.Popen(
        [*CONCORDAT, "serve", "--listen", "127.0.0.1:0", "--data", str(data), "--runtime", "local", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().removeprefix("listening on ").strip()
    finally:
        process.kill()
        process.communicate()


def lines_until(process: subprocess.Popen[str], event: str) -> list[dict[str, object]]:
    """Return the lines of the log up to the first with this event."""
    assert process.stderr is not None
    lines: list[dict[str, object]] = []
    while not lines or lines[-1]["event"] != event:
        lines.append(json.loads(process.stderr.readline()))
    return lines


def test_a_watched_server_tells_its_log_its_metrics_and_its_status(tmp_path: Path) -> None:
    """Every line of the log is JSON, the port that it names answers scrapes, and the status command exits with 0."""
    with serving(tmp_path / "data", "--metrics", "0", "--concurrency", "3", "--most-waiting", "7") as (
        process,
        address,
    ):
        lines = lines_until(process, "serving")
        assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
        (metrics,) = [line["address"] for line in lines if line["event"] == "serving metrics"]
        assert str(metrics).startswith("127.0.0.1:")
        asked = [*CONCORDAT, "status", "--server", address, "--json"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True)
        status = json.loads(told.stdout)
        assert (status["runtime"], status["concurrency"], status["queue_limit"]) == ("local", 3, 7)
        with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        assert 'concordat_requests_total{code="OK",method="GetServerStatus"} 1.0' in text
        assert "concordat_queue_length 0.0" in text

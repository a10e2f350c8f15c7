"""What workers leave in the server's log when an error ends them that nobody foresaw."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("worker", "order"),
    [
        ("cluster.local_worker", {"settings": {"customer 4711": 1}}),
        ("cluster.quoting_worker", {"customer 4711": 1}),
    ],
)
def test_the_last_words_of_a_worker_quote_nothing(worker: str, order: dict[str, object]) -> None:
    """A line of JSON tells the type of the error and where it passed, not what it says."""
    done = subprocess.run(
        [sys.executable, "-m", worker], input=f"{json.dumps(order)}\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    (told,) = map(json.loads, done.stderr.splitlines())
    assert (told["event"], told["level"], told["error"]) == ("a worker ended", "error", ["TypeError"])
    assert any(f"{worker.replace('.', '/')}.py" in place for place in told["at"])
    assert "4711" not in done.stderr

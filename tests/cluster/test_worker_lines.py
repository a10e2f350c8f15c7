"""What workers leave in the server's log when an error ends them that nobody foresaw."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from subprocess import DEVNULL, PIPE

import pytest

from cluster.runtimes import agent_settings


@pytest.mark.parametrize(
    ("worker", "order"),
    [
        ("cluster.local_worker", {"settings": {"customer 4711": 1}}),
        ("cluster.quoting_worker", {"customer 4711": 1}),
        ("cluster.what_if.worker", {"served": True, "base": {"customer 4711": 1}}),
    ],
)
def test_the_last_words_of_a_worker_quote_nothing(worker: str, order: dict[str, object]) -> None:
    """A line of JSON tells the type of the error and where it passed, not what it says."""
    command = [sys.executable, "-m", worker]
    with subprocess.Popen(command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(f"{json.dumps(order)}\n")
        process.stdin.flush()
        # Only then is its input closed: at the end of it a worker may leave without a word.
        last_words = process.stderr.read()
    assert process.returncode == 1
    (told,) = map(json.loads, last_words.splitlines())
    assert (told["event"], told["level"], told["error"]) == ("a worker ended", "error", ["TypeError"])
    assert any(f"{worker.replace('.', '/')}.py" in place for place in told["at"])
    assert "4711" not in last_words


def test_an_error_while_it_listens_is_told_too() -> None:
    """A line that is no message ends the listening of a worker; its type is in the log, not the line."""
    settings = json.dumps(asdict(agent_settings()))
    done = subprocess.run(
        [sys.executable, "-m", "cluster.quoting_worker"],
        input=f"{settings}\ncustomer 4711\n",
        capture_output=True,
        text=True,
        check=False,
    )
    (told,) = map(json.loads, done.stderr.splitlines())
    assert (told["event"], told["error"][0]) == ("a worker ended", "JSONDecodeError")
    assert "4711" not in done.stderr

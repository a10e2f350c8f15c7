"""Ray behind its token: the job API of a cluster as we start one takes nothing from whoever has no token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

HEAD = """
import json, os, socket, sys
from cluster.runtimes import guard_ray
guard_ray(own_cluster=True)
os.environ.setdefault("RAY_raylet_start_wait_time_s", "150")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
context = ray.init(
    address="local", include_dashboard=True, dashboard_host="127.0.0.1", dashboard_port=port, log_to_driver=False,
    configure_logging=False, object_store_memory=80 << 20, _node_ip_address="127.0.0.1",
)
print("HEAD " + json.dumps({"url": context.dashboard_url, "token": os.environ["RAY_AUTH_TOKEN"]}), flush=True)
sys.stdin.read()
ray.shutdown()
"""

JOB = json.dumps({"entrypoint": "true"}).encode()


@dataclass(frozen=True, slots=True)
class Head:
    """Where the job API of a running head answers, and the token that its processes know."""

    url: str
    token: str

    def status(self, path: str, *, token: str | None = None, data: bytes | None = None) -> int:
        """Return the HTTP status of a call of the job API, as a GET or (with data) a POST."""
        request = urllib.request.Request(f"http://{self.url}{path}", data=data)
        request.add_header("Content-Type", "application/json")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - our own address
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    """Start a head as our runtime guards one, but with a dashboard; end it with the module."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    process = subprocess.Popen(
        [sys.executable, "-c", HEAD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    line = next(line for line in process.stdout if line.startswith("HEAD "))
    yield Head(**json.loads(line.removeprefix("HEAD ")))
    process.communicate(timeout=120)


@pytest.mark.slow
def test_the_job_api_refuses_calls_without_the_token(head: Head) -> None:
    """Without a token, and with a wrong one, jobs are neither listed nor taken; with ours they are listed."""
    assert head.url.startswith("127.0.0.1:")
    for wrong in (None, "", "0" * 64, head.token[:-1]):
        assert head.status("/api/jobs/", token=wrong) in {401, 403}
        assert head.status("/api/jobs/", token=wrong, data=JOB) in {401, 403}
    assert head.status("/api/jobs/", token=head.token) == 200

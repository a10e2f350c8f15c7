"""One Ray session for all tests that need real hosts, since starting one takes longer than all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from cluster.runtimes import make_runtime
from planner.ports.planning_runtime import PlanningRuntime


@pytest.fixture(scope="session")
def ray_runtime() -> Iterator[PlanningRuntime]:
    """Return the Ray runtime with a cluster of its own, ended with the session."""
    runtime = make_runtime("ray")
    yield runtime
    asyncio.run(runtime.close())

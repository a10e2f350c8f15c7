"""Planning runtimes by name: agents on Ray, or in one worker process."""

from __future__ import annotations

import os
import secrets

from actors.settings import AgentSettings
from cluster.code_hash import code_hash
from cluster.folders import FACTORY
from cluster.gateway import Runtime
from cluster.library_versions import library_versions
from planner.domain.errors import InvalidRequest

RUNTIMES = ("ray", "local")
BACKENDS = ("highs", "pyomo")


def make_runtime(name: str) -> Runtime:
    """Return the runtime of this name.

    ``CONCORDAT_BACKEND`` (``highs``, or ``pyomo`` for the readable reference path) chooses who solves for plants and
    coordinator; ``CONCORDAT_RAY_ADDRESS`` names a running Ray cluster to join instead of starting one.
    """
    if name == "local":
        from cluster.local_runtime import LocalRuntime  # noqa: PLC0415 - a process loads one runtime only

        return LocalRuntime(agent_settings())
    if name == "ray":
        address = os.environ.get("CONCORDAT_RAY_ADDRESS")
        guard_ray(own_cluster=address is None)
        from actors.on_ray import RayRuntime  # noqa: PLC0415 - ray is heavy, and the local runtime needs none of it

        return RayRuntime(agent_settings(), address=address)
    raise InvalidRequest(f"no runtime is called {name!r}; choose one of {', '.join(RUNTIMES)}", "runtime")


def guard_ray(*, own_cluster: bool) -> None:
    """Make Ray ask everyone for a token; a cluster of our own gets one that only its processes know.

    Ray reads these variables as it is loaded, so this comes before the first import of it.
    """
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if own_cluster:
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def agent_settings() -> AgentSettings:
    """Return the settings of agents from the environment."""
    chosen = os.environ.get("CONCORDAT_BACKEND", "highs")
    if chosen not in BACKENDS:
        raise InvalidRequest(f"CONCORDAT_BACKEND is {chosen!r}; choose one of {', '.join(BACKENDS)}", "backend")
    return AgentSettings(
        folders=FACTORY,
        code_hash=code_hash(),
        plant_backend=chosen,
        coordinator_backend=chosen,
        libraries=library_versions(),
    )

"""Planning runtimes by name: agents on Ray, or in one worker process."""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict
from functools import cache

from actors.settings import AgentSettings, Patience
from cluster.code_hash import code_hash
from cluster.folders import FACTORY
from cluster.journals import FACTORY as JOURNALS
from cluster.journals import shared_place
from cluster.library_versions import library_versions
from cluster.served_runtime import Runtime
from cluster.settings import BACKENDS, RUNTIMES
from planner.domain.errors import InvalidRequest


def make_runtime(
    name: str,
    *,
    backend: str | None = None,
    ray_address: str | None = None,
    journals: str = "",
    patience: Patience | None = None,
) -> Runtime:
    """Return the runtime of this name.

    ``backend`` (``highs``, or ``pyomo`` for the readable reference path) solves for plants and coordinator;
    ``ray_address`` names a running Ray cluster to join instead of starting one. What is not given is what
    ``CONCORDAT_BACKEND`` and ``CONCORDAT_RAY_ADDRESS`` say. In the event log at ``journals``, a URL or an SQLite file,
    agents write down what they must not forget; without one they do not, nor into a file from a cluster joined.
    ``patience`` says how long agents in other processes are waited for.
    """
    if name == "local":
        from cluster.local_runtime import LocalRuntime  # noqa: PLC0415 - a process loads one runtime only

        return LocalRuntime(agent_settings(backend, journals, patience))
    if name == "ray":
        address = ray_address or os.environ.get("CONCORDAT_RAY_ADDRESS") or None
        guard_ray(own_cluster=address is None)
        from actors.on_ray import RayRuntime  # noqa: PLC0415 - ray is heavy, and the local runtime needs none of it

        place = shared_place(journals, joined=address is not None)
        return RayRuntime(agent_settings(backend, place, patience), address=address)
    raise InvalidRequest(f"no runtime is called {name!r}; choose one of {', '.join(RUNTIMES)}", "runtime")


def guard_ray(*, own_cluster: bool) -> None:
    """Make Ray ask everyone for a token; clusters of our own get one that only their processes know.

    Ray reads these variables as it is loaded, so this comes before the first import of it, and all clusters that one
    process starts have the same token: another one would reach their processes, but not this. For the same reason a
    process that joined somebody's cluster should start none of its own.
    """
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if own_cluster:
        os.environ["RAY_AUTH_TOKEN"] = _own_token()


@cache
def _own_token() -> str:
    return secrets.token_hex(32)


def agent_settings(backend: str | None = None, journals: str = "", patience: Patience | None = None) -> AgentSettings:
    """Return the settings of agents; a backend that is not named is what the environment says."""
    chosen = backend or os.environ.get("CONCORDAT_BACKEND") or "highs"
    if chosen not in BACKENDS:
        raise InvalidRequest(f"CONCORDAT_BACKEND is {chosen!r}; choose one of {', '.join(BACKENDS)}", "backend")
    return AgentSettings(
        folders=FACTORY,
        code_hash=code_hash(),
        plant_backend=chosen,
        coordinator_backend=chosen,
        libraries=library_versions(),
        journals=JOURNALS,
        journal_place=journals,
        **asdict(patience or Patience()),
    )

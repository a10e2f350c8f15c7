"""How agents are run: which backends solve, and where folders come from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from planner.ports.folders import Folders


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """What every process of agents must agree on.

    ``folders`` is ``module:function`` of a factory of :class:`planner.ports.folders.Folders`, named rather than
    imported, so that agents know no adapter. Backends are names of `solvers.backends.registry`.
    """

    folders: str
    code_hash: str
    plant_backend: str = "highs"
    partner_backend: str = "scip"
    coordinator_backend: str = "highs"


def open_folders(settings: AgentSettings) -> Folders:
    """Return the folders named in the settings."""
    module, _, function = settings.folders.partition(":")
    made: Folders = getattr(import_module(module), function)()
    return made

"""How agents are run: which backends solve, and where folders come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from planner.domain.errors import InvalidRequest
from planner.ports.folders import Folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the coordinator waits for a host of agents, in seconds.

    A host that has not answered a round is asked every ``beat_seconds`` whether it is there. One that does not say so
    within ``silent_seconds``, or has not answered after ``round_seconds``, is begun anew.
    """

    beat_seconds: float = 5.0
    silent_seconds: float = 20.0
    round_seconds: float = 1800.0

    def __post_init__(self) -> None:
        for name in ("beat_seconds", "silent_seconds", "round_seconds"):
            if not 0.0 < getattr(self, name) < float("inf"):
                told = f"{name} must be a finite number of seconds > 0, got {getattr(self, name)}"
                raise InvalidRequest(told, name)
        if self.beat_seconds > self.round_seconds:
            told = f"a round of {self.round_seconds:g} s ends before its first beat after {self.beat_seconds:g} s"
            raise InvalidRequest(f"{told}: give round_seconds more, or beat_seconds less", "beat_seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """What every process of agents must agree on.

    ``folders`` is ``module:function`` of a factory of :class:`planner.ports.folders.Folders`, named rather than
    imported, so that agents know no adapter. Backends are names of `solvers.backends.registry`. ``libraries`` are
    versions by package name, told in every plan. ``journals`` is a factory of
    :class:`planner.ports.agent_journal.AgentJournal` likewise, which is given ``journal_place``; without a place agents
    write nothing down. Seconds are those of :class:`Patience`, flat, since settings travel as JSON.
    """

    folders: str
    code_hash: str
    plant_backend: str = "highs"
    partner_backend: str = "scip"
    coordinator_backend: str = "highs"
    libraries: Mapping[str, str] = field(default_factory=dict)
    journals: str = ""
    journal_place: str = ""
    beat_seconds: float = 5.0
    silent_seconds: float = 20.0
    round_seconds: float = 1800.0

    @property
    def patience(self) -> Patience:
        """How long the coordinator waits for hosts in other processes."""
        return Patience(
            beat_seconds=self.beat_seconds, silent_seconds=self.silent_seconds, round_seconds=self.round_seconds
        )

    @property
    def backends(self) -> dict[str, str]:
        """Who solves for whom."""
        return {
            "plant": self.plant_backend,
            "partner": self.partner_backend,
            "coordinator": self.coordinator_backend,
        }


def open_folders(settings: AgentSettings) -> Folders:
    """Return the folders named in the settings."""
    module, _, function = settings.folders.partition(":")
    made: Folders = getattr(import_module(module), function)()
    return made

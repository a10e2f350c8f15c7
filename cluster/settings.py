"""What a planning server is told when it is started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from planner.domain.errors import InvalidRequest
from planner.service.server import DoorSettings

GIBIBYTE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """A server's door, where it keeps what it must not forget, and how it plans.

    ``concurrency`` plans are made at a time, others wait. With ``until_stdin_closes`` the server ends when its
    standard input does: so a child never outlives the process that started it, however that one ends.
    """

    door: DoorSettings
    data: Path
    runtime: str = "ray"
    concurrency: int = 1
    largest_scenario: int = 4 * GIBIBYTE
    until_stdin_closes: bool = False

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise InvalidRequest(f"a server makes at least 1 plan at a time, got {self.concurrency}", "concurrency")


def default_data_folder() -> Path:
    """Return the folder where a server of this user keeps its state (XDG base directories, ``XDG_STATE_HOME``)."""
    state = os.environ.get("XDG_STATE_HOME", "")
    root = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return root / "concordat"

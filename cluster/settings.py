"""What a planning server is told when it is started."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from actors.settings import Patience
from cluster.setting_keys import FLAG_ONLY
from cluster.telemetry import TelemetrySettings
from cluster.what_if_settings import WhatIfSettings
from planner.application.plan_runs import MOST_WAITING
from planner.domain.errors import InvalidRequest
from planner.service.server import DoorSettings

GIBIBYTE = 1 << 30
EVENT_LOG_FILE = "events.sqlite"
"""The event log in the data folder, where no other database is named."""

RUNTIMES = ("ray", "local")
BACKENDS = ("highs", "pyomo")


def default_data_folder() -> Path:
    """Return the folder where a server of this user keeps its state (XDG base directories, ``XDG_STATE_HOME``)."""
    state = os.environ.get("XDG_STATE_HOME", "")
    root = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return root / "concordat"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """A server's door, where it keeps what it must not forget, and how it plans.

    Every field is a setting of the settings file, the environment and ``concordat settings show``
    (:mod:`cluster.setting_keys`); one that the command line may set too has a field of the same name in
    :class:`planner.cli.launchers.ServeOptions`.

    ``concurrency`` plans are made at a time, up to ``most_waiting`` others wait, further ones are refused. With
    ``until_stdin_closes`` the server ends when its standard input does: so a child never outlives the process that
    started it, however that one ends. ``backend`` solves for plants and the coordinator (``pyomo`` is the
    readable reference path). ``ray_address`` is a running Ray cluster to join; without one the server starts its own.
    ``database`` is the URL of the event log, without one a file in the data folder. Ended plans that nobody accepted
    lose their folder after ``keep_plans_days``; without that they are kept. ``patience`` says how long agents in other
    processes are waited for, ``what_if`` how many what-if questions are taken. ``telemetry`` says who may watch.
    """

    door: DoorSettings = field(default_factory=DoorSettings)
    data: Path = field(default_factory=default_data_folder)
    database: str | None = None
    runtime: str = "ray"
    concurrency: int = 1
    most_waiting: int = MOST_WAITING
    largest_scenario: int = 4 * GIBIBYTE
    keep_plans_days: float | None = None
    backend: str = "highs"
    ray_address: str | None = None
    patience: Patience = field(default_factory=Patience)
    what_if: WhatIfSettings = field(default_factory=WhatIfSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
    until_stdin_closes: bool = field(default=False, metadata=FLAG_ONLY)

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise InvalidRequest(f"a server makes at least 1 plan at a time, got {self.concurrency}", "concurrency")
        if self.keep_plans_days is not None and not 0 <= self.keep_plans_days < math.inf:
            raise InvalidRequest(f"plans are kept for 0 days or more, got {self.keep_plans_days}", "keep_plans_days")
        if self.most_waiting < 0:
            raise InvalidRequest(f"0 plans or more may wait, got {self.most_waiting}", "most_waiting")
        for name, value, choices in (("runtime", self.runtime, RUNTIMES), ("backend", self.backend, BACKENDS)):
            if value not in choices:
                raise InvalidRequest(f"no {name} is called {value!r}; choose one of {', '.join(choices)}", name)

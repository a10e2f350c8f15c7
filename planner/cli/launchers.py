"""What the commands need from the assembly, which they must not import: it hands these in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from planner.cli.what_if_order import WhatIf

if TYPE_CHECKING:  # polars takes half a second to load, which `concordat --help` should not
    from planner.domain.finding import Finding
    from planner.domain.plan import Plan
    from planner.domain.scenario import Scenario
    from planner.ports.planning_runtime import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The options of `concordat serve`: the settings file, and settings that were given on the command line.

    Each field but ``config`` is named like a field of the server's settings and overrides what environment and file
    say; ``None`` was not given.
    """

    config: Path | None = None
    listen: str | None = None
    data: Path | None = None
    database: str | None = None
    keep_plans_days: float | None = None
    runtime: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    tls_callers: Path | None = None
    jwt_keys: Path | None = None
    jwt_audience: str | None = None
    jwt_issuer: str | None = None
    rate: float | None = None
    rate_burst: int | None = None
    concurrency: int | None = None
    most_waiting: int | None = None
    metrics: str | None = None
    until_stdin_closes: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """Where an event log is, as options of a server say it; ``None`` was not given."""

    config: Path | None = None
    data: Path | None = None
    database: str | None = None


class Verification(Protocol):
    """What `concordat verify` tells: problems, the first one first, and lines about what was recomputed."""

    @property
    def problems(self) -> Sequence[object]:
        """What does not hold; empty for a plan that holds."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """What was recomputed, for people."""
        ...


class Replay(Protocol):
    """What `concordat replay` tells: whether the same plan came out, and lines about how and why not."""

    @property
    def same(self) -> bool:
        """Whether the plan hashes are the same."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """What was compared, for people."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOrder:
    """The plan folder and scenario folder of a replay, where its plan goes (nowhere if empty), and the runtime.

    ``base`` is the folder of the plan that it goes on from, if it was made from one.
    """

    plan: Path
    scenario: Path
    out: Path | None
    runtime: str
    base: Path | None = None


class AuditCheck(Protocol):
    """What `concordat audit verify` tells: problems, the first row first, and lines about them and the head."""

    @property
    def problems(self) -> Sequence[object]:
        """What does not hold; empty for a log that holds."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """What was found, for people."""
        ...


class ChildServer(Protocol):
    """A server that lives as long as the command that started it."""

    @property
    def address(self) -> str:
        """Where it listens, ``host:port``."""
        ...

    def last_words(self) -> str | None:
        """Return what it wrote in the end if it died; nothing while it lives."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Launchers:
    """Functions of the assembly.

    ``child_server`` starts a server with the named runtime and ends it with the context. ``verify`` is given plan and
    scenario folder, ``export_mps`` a scenario folder and the file to write. ``findings`` returns everything that
    stands against a scenario folder; ``read_scenario`` and ``read_plan`` return what a folder holds. ``replay`` makes
    a past plan again and tells every step on its way. ``settings`` returns the lines of a settings file that say what a
    server would be told. ``verify_audit`` is given a data folder (or none) and a noted head, ``list_audit`` a data
    folder, how many rows, and whether only denials count. ``show_log`` is given an aggregate (or none) and how many
    events, ``migrate_log`` a version, ``back_up`` the folder to copy to, ``retain_plans`` days and
    whether accepted plans count too.
    ``what_if`` checks, runs and compares grids of questions.
    """

    serve: Callable[[ServeOptions], None]
    settings: Callable[[ServeOptions], Sequence[str]]
    child_server: Callable[[str], AbstractContextManager[ChildServer]]
    verify: Callable[[Path, Path], Verification]
    replay: Callable[[ReplayOrder, Callable[[Progress], None]], Replay]
    export_mps: Callable[[Path, Path], None]
    findings: Callable[[Path], tuple[Finding, ...]]
    write_scenario: Callable[[Scenario, Path], None]
    read_plan: Callable[[Path], Plan]
    read_scenario: Callable[[Path], Scenario]
    show_log: Callable[[LogPlace, str, int], Iterable[str]]
    migrate_log: Callable[[LogPlace, int], str]
    back_up: Callable[[LogPlace, Path], Iterable[str]]
    retain_plans: Callable[[LogPlace, float, bool], Iterable[str]]
    verify_audit: Callable[[Path | None, str], AuditCheck]
    list_audit: Callable[[Path | None, int, bool], Iterator[str]]
    what_if: WhatIf

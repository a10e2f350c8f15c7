"""The commands that look after the event log, on files and servers as they are found."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cluster.main import launchers
from planner.adapters.event_log_migrations import NEWEST
from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.event_log_versions import schema_version
from planner.adapters.sql_database import SqlDatabase
from planner.adapters.what_if_folders import WhatIfFolders
from planner.cli.app import run
from planner.events.catalogue import Event, PlanAccepted, PlanCompleted, PlanRequested
from planner.events.codec import encode
from planner.events.envelope import Envelope
from planner.ports.what_if_jobs import WhatIfJob

REQUESTED = PlanRequested(
    plan="p", scenario="s", request_id="r", gap=0.01, work_limit=3, time_limit=60.0, seed=1, hosts=2
)
COMPLETED = PlanCompleted(stopped_by="gap", value=100.0, bound_proved=101.0, bound_checked=104.0, plan_hash="h" * 40)
ACCEPTED = PlanAccepted(accepted_by="ana", comment="c", etag="plan-h", plan_hash="h")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CONCORDAT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Return how to run a command: exit code and everything it wrote."""

    def command(*words: object) -> tuple[int, str]:
        code = run(launchers(), [str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return command


def write(place: str | Path, plan: str, *events: Event) -> None:
    """Let a plan have these events."""
    database = open_database(place)
    envelopes = []
    for sequence, event in enumerate(events):
        kind, version, data = encode(event)
        envelopes.append(
            Envelope(
                id=f"{plan}-{sequence}",
                type=kind,
                version=version,
                aggregate=f"plan/{plan}",
                sequence=sequence,
                time=datetime(2026, 1, 5, tzinfo=UTC),
                cause="",
                correlation="",
                data=data,
            )
        )
    SqlEventLog(database).append(envelopes)
    database.close()


def test_a_log_is_shown_with_its_version_and_contents(place: str, told: Callable[..., tuple[int, str]]) -> None:
    """The command tells version, events by type, the latest ones, and those of one aggregate with their data."""
    write(place, "p", REQUESTED, COMPLETED)
    code, text = told("log", "show", "--database", place, "--limit", 1)
    assert code == 0
    assert f"version {NEWEST}" in text
    assert "2 events" in text
    assert [line.split() for line in text.splitlines()[2:4]] == [["1", "PlanCompleted"], ["1", "PlanRequested"]]
    assert "plan/p #1  PlanCompleted" in text
    assert "plan/p #0" not in text
    _, text = told("log", "show", "--database", place, "--aggregate", "plan/p")
    assert '"scenario": "s"' in text


def test_a_log_is_migrated_back_and_forward(place: str, told: Callable[..., tuple[int, str]]) -> None:
    """Back to the first version and up again, as an operator does it around a downgrade."""
    write(place, "p", REQUESTED)
    assert told("log", "migrate", "--database", place, "--to", 1)[0] == 0
    assert schema_version(SqlDatabase(place)) == 1
    assert "version 1" in told("log", "show", "--database", place)[1]
    assert schema_version(SqlDatabase(place)) == 1, "looking migrates nothing"
    assert f"version 1, now {NEWEST}" in told("log", "migrate", "--database", place, "--to", NEWEST)[1]
    assert f"stays {NEWEST}" in told("log", "migrate", "--database", place, "--to", NEWEST)[1]
    code, text = told("log", "migrate", "--database", place, "--to", 99)
    assert (code, f"1 to {NEWEST}" in text) == (2, True)


def test_old_folders_are_removed_and_the_command_says_which(
    tmp_path: Path, told: Callable[..., tuple[int, str]]
) -> None:
    """Accepted plans are kept until they are asked for explicitly."""
    for plan, events in (("old", (REQUESTED, COMPLETED)), ("taken", (REQUESTED, COMPLETED, ACCEPTED))):
        (tmp_path / "plans" / plan).mkdir(parents=True)
        write(tmp_path / "events.sqlite", plan, *(replaced(event, plan) for event in events))
    code, text = told("log", "retain", "--data", tmp_path, "--plans-older-than", 1)
    assert code == 0
    assert "plans/old expired" in text
    assert "plans/taken kept: it was accepted" in text
    assert [folder.name for folder in (tmp_path / "plans").iterdir()] == ["taken"]
    assert "1 expired" in told("log", "retain", "--data", tmp_path, "--plans-older-than", 1, "--also-accepted")[1]
    assert list((tmp_path / "plans").iterdir()) == []
    assert "0 expired, 0 as old were kept" in told("log", "retain", "--data", tmp_path, "--plans-older-than", 1)[1]


def test_scenarios_that_nobody_names_are_removed_and_named(
    tmp_path: Path, told: Callable[..., tuple[int, str]]
) -> None:
    """One that a what-if job asks about stays, as does one of this very hour."""
    unused, asked, young = "a" * 64, "b" * 64, "c" * 64
    write(tmp_path / "events.sqlite", "old", replaced(REQUESTED, "old"), COMPLETED)
    for scenario in (unused, asked, young):
        (tmp_path / "scenarios" / scenario).mkdir(parents=True)
        os.utime(tmp_path / "scenarios" / scenario, None if scenario == young else (0, 0))
    job = WhatIfJob(
        job="j", scenario=asked, gap=0.01, seconds=1.0, seed=0, cases=1, created_at=datetime(2026, 1, 5, tzinfo=UTC)
    )
    WhatIfFolders(tmp_path / "what-if").keep_job(job, "")
    code, text = told("log", "retain", "--data", tmp_path, "--plans-older-than", 0)
    assert code == 0
    assert f"scenarios/{unused} removed: nobody names it any more" in text
    assert "1 scenarios removed" in text
    assert sorted(folder.name for folder in (tmp_path / "scenarios").iterdir()) == [asked, young]


def replaced(event: Event, plan: str) -> Event:
    """Return an event with another plan's id, where it has one."""
    return PlanRequested(**encode(event)[2] | {"plan": plan}) if isinstance(event, PlanRequested) else event  # type: ignore[arg-type]  # its own fields


def test_the_log_is_where_the_server_looks_for_it(
    tmp_path: Path, told: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment and a settings file name the log as they do for the server."""
    file = tmp_path / "elsewhere.sqlite"
    write(file, "p", REQUESTED)
    (tmp_path / "settings.toml").write_text(f'database = "sqlite:///{file}"\n', encoding="utf-8")
    assert "1 events" in told("log", "show", "--config", tmp_path / "settings.toml")[1]
    monkeypatch.setenv("CONCORDAT_DATABASE", f"sqlite:///{file}")
    assert "1 events" in told("log", "show")[1]


def test_what_is_not_there_is_told_and_not_made(tmp_path: Path, told: Callable[..., tuple[int, str]]) -> None:
    """A folder without a log is wrong input, and stays as it was."""
    for words in (("show",), ("migrate", "--to", 1), ("retain", "--plans-older-than", 1)):
        code, text = told("log", *words, "--data", tmp_path)
        assert (code, "there is no event log" in text) == (2, True)
    assert told("log", "retain", "--plans-older-than", 1, "--data", tmp_path / "absent")[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_never_told(
    tmp_path: Path, told: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a server that does not answer nor the settings that were read show the password of a URL."""
    url = f"postgresql://ana:geheim@/plans?host={tmp_path}"
    code, text = told("log", "show", "--database", url)
    assert code == 5
    assert "does not answer" in text
    monkeypatch.setenv("CONCORDAT_DATABASE", url)
    shown = told("settings", "show")[1]
    assert f"/plans?host={tmp_path}" in shown
    assert "geheim" not in text + shown

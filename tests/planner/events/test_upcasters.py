"""Events of earlier releases are lifted, step by step, when they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.domain.errors import StorageFailure
from planner.events import codec
from planner.events.catalogue import CATALOGUE, PlanRequested, PlanStarted
from planner.events.codec import UPCASTERS, VERSIONS, decode, encode
from planner.events.envelope import Envelope
from tests.planner.events.test_plan_record import stored


@dataclass(frozen=True, slots=True, kw_only=True)
class LotMoved:
    """An event in its third version: it was called `quantity` in pieces first, then told its unit."""

    thousands: float
    unit: str
    reasons: tuple[str, ...]


def _with_unit(data: Mapping[str, object]) -> Mapping[str, object]:
    return {**data, "unit": "pieces"}


def _in_thousands(data: Mapping[str, object]) -> Mapping[str, object]:
    rest = {name: value for name, value in data.items() if name != "quantity"}
    return {**rest, "thousands": float(str(data["quantity"])) / 1000}


@pytest.fixture
def _three_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "LotMoved", LotMoved)  # type: ignore[arg-type]  # an event of this test
    monkeypatch.setitem(VERSIONS, "LotMoved", 3)
    monkeypatch.setitem(UPCASTERS, ("LotMoved", 1), _with_unit)
    monkeypatch.setitem(UPCASTERS, ("LotMoved", 2), _in_thousands)


def written(version: int, data: Mapping[str, object]) -> Envelope:
    """Return an event as a release wrote it."""
    return replace(stored(PlanStarted(attempt=1))[0], type="LotMoved", version=version, data=data)


@pytest.mark.usefixtures("_three_versions")
def test_events_of_every_release_read_alike_from_one_log(tmp_path: Path) -> None:
    """What three releases wrote into one log is read as the event of today, and stays on the disk as it was."""
    releases = (
        {"quantity": 1500, "reasons": ["a", "b"]},
        {"quantity": 1500, "unit": "pieces", "reasons": ["a", "b"]},
        {"thousands": 1.5, "unit": "pieces", "reasons": ["a", "b"]},
    )
    log = SqlEventLog(open_database(tmp_path / "events.sqlite"))
    for number, data in enumerate(releases):
        log.append([replace(written(number + 1, data), id=f"e{number}", sequence=number)])
    history = log.history("plan/p")
    assert {decode(envelope) for envelope in history} == {
        LotMoved(thousands=1.5, unit="pieces", reasons=("a", "b"))  # type: ignore[comparison-overlap]  # as above
    }
    assert [(envelope.version, envelope.data) for envelope in history] == list(enumerate(releases, start=1))


@pytest.mark.usefixtures("_three_versions")
def test_events_are_written_in_the_newest_version_only() -> None:
    """A release writes what it reads without lifting, and refuses what a newer one wrote."""
    kind, version, data = encode(LotMoved(thousands=1.5, unit="pieces", reasons=()))  # type: ignore[arg-type]  # as above
    assert (kind, version) == ("LotMoved", 3)
    assert decode(written(version, data)) == LotMoved(thousands=1.5, unit="pieces", reasons=())  # type: ignore[comparison-overlap]  # as above
    with pytest.raises(StorageFailure, match="newer release"):
        decode(written(4, data))


def test_every_version_that_was_ever_written_has_its_way_up() -> None:
    """No type of the catalogue has a version, and no version a step, that leads nowhere."""
    assert VERSIONS.keys() == CATALOGUE.keys()
    wanted = {(kind, version) for kind, newest in VERSIONS.items() for version in range(1, newest)}
    assert codec.UPCASTERS.keys() == wanted


_OF_THE_FIRST = {"plan", "scenario", "request_id", "gap", "work_limit", "time_limit", "seed", "hosts"}


@pytest.mark.parametrize("data", [{}, {"base_plan": "p-0"}])
def test_requests_of_the_first_release_had_no_priority(data: Mapping[str, object]) -> None:
    """A request that was stored before there were priorities and traces is read with the lowest one and none."""
    asked = PlanRequested(
        plan="p", scenario="s", request_id="r", gap=0.01, work_limit=None, time_limit=None, seed=0, hosts=2
    )
    (today,) = stored(asked)
    first = {name: value for name, value in today.data.items() if name in _OF_THE_FIRST}
    assert decode(replace(today, version=1, data={**first, **data})) == replace(
        asked, base_plan=data.get("base_plan", "")
    )
    urgent = replace(asked, priority=7, trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    second = {name: value for name, value in stored(urgent)[0].data.items() if name != "solver_logs"}
    assert decode(replace(today, version=2, data=second)) == urgent
    logged = replace(urgent, solver_logs=True)
    assert (stored(logged)[0].version, decode(stored(logged)[0])) == (3, logged)

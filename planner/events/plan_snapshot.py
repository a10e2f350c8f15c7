"""The state of a plan as a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, get_args

from planner.events.catalogue import PlanEnding, PlanRequested
from planner.events.codec import thawed
from planner.events.envelope import Envelope
from planner.events.plan_record import Acceptance, PlanRecord, after_event
from planner.events.snapshot import Projection

_MOMENTS = ("requested_at", "started_at", "ended_at", "expired_at")
_ENDINGS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(PlanEnding)}


def _to_data(record: PlanRecord | None) -> Mapping[str, object]:
    if record is None:
        return {}
    data = asdict(record)
    for moment in _MOMENTS:
        data[moment] = _written(data[moment])
    if record.ending is not None:
        data["ending"] = {"type": type(record.ending).__name__, "data": data["ending"]}
    if record.acceptance is not None:
        data["acceptance"]["accepted_at"] = _written(record.acceptance.accepted_at)
    return data


def _from_data(data: Mapping[str, object]) -> PlanRecord | None:
    if not data:
        return None
    # What was written above is read here; the version of the projection stands for its shape.
    fields: dict[str, Any] = dict(data)
    for moment in _MOMENTS:
        fields[moment] = _read(fields[moment])
    fields["request"] = PlanRequested(**fields["request"])
    if fields["ending"] is not None:
        ending: dict[str, Any] = fields["ending"]
        fields["ending"] = _ENDINGS[ending["type"]](**thawed(ending["data"]))
    if fields["acceptance"] is not None:
        acceptance: dict[str, Any] = dict(fields["acceptance"])
        fields["acceptance"] = Acceptance(**acceptance | {"accepted_at": _read(acceptance["accepted_at"])})
    return PlanRecord(**fields)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


PLAN_PROJECTION: Projection[PlanRecord | None, Envelope] = Projection(
    version=1, start=None, step=after_event, to_data=_to_data, from_data=_from_data
)
"""Where a plan stands, as :func:`planner.events.plan_record.project_plan` says it."""

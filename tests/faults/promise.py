"""What holds whatever happens: no accepted request is lost, none is executed twice, the plan is the undisturbed one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.events.catalogue import PlanCompleted, PlanEnding, PlanRequested, RequestReceived
from planner.events.codec import decode
from planner.events.envelope import Envelope

ENDINGS = get_args(PlanEnding)


def kept(place: str | Path) -> list[Envelope]:
    """Return all events of a log, in order."""
    database = open_database(place)
    try:
        return [envelope for _, envelope in SqlEventLog(database).since(0, limit=100_000)]
    finally:
        database.close()


def check_promise(data: Path, acknowledged: Iterable[str], plan_hash: str, *, log: str | Path | None = None) -> None:
    """Check the promise for the plans that were acknowledged, on the log and the plan folders of a server."""
    events = [(envelope.aggregate, decode(envelope)) for envelope in kept(log or data / "events.sqlite")]
    requests = [event.request_id for _, event in events if isinstance(event, RequestReceived)]
    assert len(requests) == len(set(requests)), "a request id was taken twice"
    plans = [event.plan for _, event in events if isinstance(event, PlanRequested)]
    assert len(plans) == len(set(plans)), "a plan was requested twice"
    lost = set(acknowledged) - set(plans)
    assert not lost, f"accepted and not on the log: {lost}"
    for plan in plans:
        endings = [event for aggregate, event in events if aggregate == f"plan/{plan}" and isinstance(event, ENDINGS)]
        assert len(endings) == 1, f"plan {plan} has the endings {endings}"
        ending = endings[0]
        assert isinstance(ending, PlanCompleted), f"plan {plan} ended with {ending}"
        assert ending.plan_hash == plan_hash, f"plan {plan} is not the undisturbed one"
        written = json.loads((data / "plans" / plan / "plan.json").read_bytes())
        assert written["plan_hash"] == plan_hash

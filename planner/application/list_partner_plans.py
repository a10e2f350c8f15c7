"""The plans that a partner may see, newest first, page by page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from planner.application.list_plans import page_limit, page_start
from planner.application.partner_view import PartnerPlan, PartnerViews, partner_plan
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import find_plan
from planner.events.catalogue import PlanRequested

LOOKED_AT = 200
"""How many plans one call looks at: a page may hold fewer than were asked for, or none, and still not be the last."""


@dataclass(frozen=True, slots=True)
class PartnerPage:
    """Plans and the token of the next page, empty on the last one."""

    plans: tuple[PartnerPlan, ...]
    next_page_token: str


async def list_partner_plans(
    ports: PlanningPorts, views: PartnerViews, partner: str, *, page_size: int, page_token: str
) -> PartnerPage:
    """Return a page of plans.

    Raises
    ------
    InvalidRequest
        If the page size or token is wrong.
    """
    limit, before = page_limit(page_size), page_start(page_token)
    found = await asyncio.to_thread(ports.log.latest, PlanRequested.__name__, before=before, limit=LOOKED_AT + 1)
    seen: list[PartnerPlan] = []
    for place, (position, envelope) in enumerate(found[:LOOKED_AT], start=1):
        record = await find_plan(ports, envelope.aggregate.partition("/")[2])
        if await views.sees(record, partner):
            seen.append(partner_plan(record))
        if len(seen) == limit or place == LOOKED_AT:
            return PartnerPage(tuple(seen), str(position) if len(found) > place else "")
    return PartnerPage(tuple(seen), "")

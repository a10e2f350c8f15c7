"""The plans asked for here, newest first, page by page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from planner.application.planning_ports import PlanningPorts
from planner.application.recording import find_plan
from planner.domain.errors import InvalidRequest
from planner.events.catalogue import PlanRequested
from planner.events.plan_record import PlanRecord

DEFAULT_PAGE = 50
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class PlanPage:
    """Plans and the token of the next page, empty on the last one."""

    plans: tuple[PlanRecord, ...]
    next_page_token: str


def page_limit(page_size: int) -> int:
    """Return how many entries a page of an asked-for size holds; 0 asks for the default.

    Raises
    ------
    InvalidRequest
        If the size is negative.
    """
    if page_size < 0:
        raise InvalidRequest(f"page_size must not be negative, got {page_size}", "page_size")
    return min(page_size or DEFAULT_PAGE, LARGEST_PAGE)


def page_start(page_token: str) -> int | None:
    """Return the position a page token stands for; nothing for the first page.

    Raises
    ------
    InvalidRequest
        If the token was not made here.
    """
    if not page_token:
        return None
    if not page_token.isascii() or not page_token.isdigit() or len(page_token) > 18:
        raise InvalidRequest(
            f"page_token {page_token[:40]!r} was not made by this server: pass the next_page_token of the page before",
            "page_token",
        )
    return int(page_token)


async def list_plans(ports: PlanningPorts, page_size: int, page_token: str) -> PlanPage:
    """Return a page of plans.

    Raises
    ------
    InvalidRequest
        If the page size or token is wrong.
    """
    limit, before = page_limit(page_size), page_start(page_token)
    found = await asyncio.to_thread(ports.log.latest, PlanRequested.__name__, before=before, limit=limit + 1)
    page = found[:limit]
    plans = [await find_plan(ports, envelope.aggregate.partition("/")[2]) for _, envelope in page]
    return PlanPage(tuple(plans), str(page[-1][0]) if len(found) > limit else "")

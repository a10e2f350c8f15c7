"""Who the present call is from, for the servicers that need to know."""

from __future__ import annotations

from contextvars import ContextVar

from planner.domain.errors import InvalidRequest
from planner.governance.principal import Principal

CALLER: ContextVar[Principal | None] = ContextVar("caller", default=None)
"""The authenticated caller; nobody at an open door. Each call has a task, and so a value, of its own."""


def calling_partner() -> str:
    """Return the partner that the caller speaks for; empty for everybody else."""
    caller = CALLER.get()
    return caller.partner if caller is not None else ""


def accepting(named: str) -> str:
    """Return who accepts a plan: the caller where it is known, else whom the request names.

    Raises
    ------
    InvalidRequest
        If a known caller names somebody else.
    """
    caller = CALLER.get()
    if caller is None:
        return named
    if named not in {"", caller.name}:
        raise InvalidRequest("accepted_by is who calls, and you named somebody else: leave it empty", "accepted_by")
    return caller.name

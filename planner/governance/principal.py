"""Who is asking, as the guarded door found out."""

from __future__ import annotations

from dataclasses import dataclass

PARTNER = "partner"
ROLES = ("erp_integrator", "planner", PARTNER, "auditor", "operator")
"""What a caller may be; what each may do stands in ``access.cedar``."""

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An authenticated caller.

    ``identity`` says by what it proved itself (``token`` or ``certificate``). ``partner`` is the partner of the
    scenarios that it speaks for: callers in the role ``partner`` have one and no other role, all others have none.
    Without any role a caller is known, but may do nothing.
    """

    name: str
    identity: str
    roles: frozenset[str]
    partner: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > LONGEST_NAME or not self.name.isprintable():
            raise ValueError(f"a caller has a name of 1 to {LONGEST_NAME} printable characters")
        if unknown := self.roles - set(ROLES):
            raise ValueError(f"no role is called {min(unknown)!r}; there are {', '.join(ROLES)}")
        if PARTNER in self.roles and (len(self.roles) > 1 or not self.partner):
            raise ValueError("a caller in the role partner names its partner and has no other role")
        if self.partner and PARTNER not in self.roles:
            raise ValueError("only a caller in the role partner names a partner")

    @property
    def key(self) -> str:
        """What tells it from every other caller."""
        return f"{self.identity}:{self.name}"

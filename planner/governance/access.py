"""Who may do what: a policy set in Cedar, held to its schema; the only place that names the policy engine.

Policies and schema are files beside this one. They are read once, when a server starts, and refused as a whole if
anything about them is wrong. What no policy permits is denied; so is what cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cedarpy

from planner.domain.errors import PoliciesInvalid
from planner.governance.principal import Principal

POLICIES = Path(__file__).with_name("access.cedar")
SCHEMA = Path(__file__).with_name("access.cedarschema")

Fact = bool | str | Sequence[str]
"""What policies may look at; no floating-point number, which Cedar does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a call is about: ``kind`` is an entity of the schema, ``name`` what the caller named, for the record.

    ``facts`` are the attributes of that entity, ``context`` those of the call.
    """

    kind: str
    name: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    context: Mapping[str, Fact] = field(default_factory=dict)


SERVICE = Asked(kind="Service")
"""The service as a whole: what a caller is asked about before its request is read."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call is allowed, and the policies that said so (or why none could be asked)."""

    allowed: bool
    reasons: tuple[str, ...]


class AccessPolicies:
    """A validated policy set.

    Raises
    ------
    PoliciesInvalid
        If the policies or the schema cannot be parsed, or do not fit each other.
    """

    def __init__(self, policies: str, schema: str) -> None:
        checked = cedarpy.validate_policies(policies, schema)
        if not checked.validation_passed:
            raise PoliciesInvalid(
                "the policies of access are refused as a whole: " + "; ".join(str(error) for error in checked.errors)
            )
        try:
            self._policies = cedarpy.PolicySet.from_str(policies)
            self._schema = cedarpy.Schema.from_str(schema)
        except ValueError as error:
            raise PoliciesInvalid(f"the policies of access cannot be read: {error}") from error

    def verdict(self, principal: Principal, method: str, asked: Asked) -> Verdict:
        """Say whether a caller may call a method of the service about something."""
        caller, about = {"type": "Caller", "id": principal.key}, {"type": asked.kind, "id": "asked"}
        entities: list[dict[str, Any]] = [
            {
                "uid": caller,
                "attrs": {"partner": principal.partner} if principal.partner else {},
                "parents": [{"type": "Role", "id": role} for role in sorted(principal.roles)],
            },
            {"uid": about, "attrs": {name: _plain(fact) for name, fact in asked.facts.items()}, "parents": []},
        ]
        request = {
            "principal": caller,
            "action": {"type": "Action", "id": method},
            "resource": about,
            "context": dict(asked.context),
        }
        result = cedarpy.is_authorized(request, self._policies, entities, self._schema)
        told = result.diagnostics
        # An error while evaluating leaves a policy out, which may be the one that forbids.
        if told.errors:
            return Verdict(allowed=False, reasons=tuple(told.errors))
        names = told.id_annotations_by_reason
        return Verdict(allowed=result.allowed, reasons=tuple(names.get(each, each) for each in told.reasons))


def shipped_policies() -> AccessPolicies:
    """Return the policies that come with the program; raises as :class:`AccessPolicies` does."""
    try:
        return AccessPolicies(POLICIES.read_text(encoding="utf-8"), SCHEMA.read_text(encoding="utf-8"))
    except OSError as error:
        raise PoliciesInvalid(f"{error.filename} cannot be read: {error.strerror}; install the program anew") from error


def _plain(fact: Fact) -> bool | str | list[str]:
    return fact if isinstance(fact, bool | str) else list(fact)

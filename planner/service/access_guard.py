"""Who is let in: who a caller is, how often it may call, what it may do, and the record of every decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.domain.errors import PermissionDenied, Unauthenticated
from planner.governance.access import SERVICE, AccessPolicies, Asked
from planner.governance.audit_trail import AuditTrail
from planner.governance.principal import LONGEST_NAME, Principal
from planner.ports.audit_log import AuditEntry
from planner.ports.clock import Clock
from planner.service.access_requests import PlanFacts, asked_about
from planner.service.access_throttle import Context, peer_address
from planner.service.identity_certificates import CertificateIdentity
from planner.service.identity_tokens import TokenIdentity

FOR_PARTNERS = frozenset({"GetPlan", "ListPlans", "DownloadPlan", "ExplainPlan"})
"""Methods that know how to answer a partner; others refuse one even if a policy should permit it by mistake."""

DENIED = "this is not permitted to you, or there is no such thing: check the name, or ask for the right"
"""The same for all, so that nobody learns what exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A guarded door: sources of identity (at least one), policies, facts about plans, and the audit trail."""

    tokens: TokenIdentity | None
    certificates: CertificateIdentity | None
    policies: AccessPolicies
    facts: PlanFacts
    audit: AuditTrail
    clock: Clock

    def caller(self, context: Context) -> Principal:
        """Return who is calling: by the token if one is sent, else by the client certificate.

        Raises
        ------
        Unauthenticated
            If there are no credentials, or they do not hold.
        """
        token = _bearer(context)
        if token is not None:
            if self.tokens is None:
                raise Unauthenticated("this server takes no tokens: show a client certificate instead")
            return self.tokens.principal(token)
        names = certificate_names(context.auth_context())
        if self.certificates is not None and names:
            return self.certificates.principal(names)
        raise Unauthenticated(
            "nobody is let in without credentials: send a token as `authorization: Bearer …`"
            if self.tokens is not None
            else "nobody is let in without credentials: show a client certificate"
        )

    async def admit(self, caller: Principal, method: str, context: Context) -> tuple[str, ...]:
        """Decide whether a caller may call a method at all, before its request is read; return what permits it.

        Raises
        ------
        PermissionDenied
            If it may not.
        AuditUnavailable
            If the decision cannot be recorded.
        """
        verdict = self.policies.verdict(caller, method, SERVICE)
        if not verdict.allowed or (caller.partner and method not in FOR_PARTNERS):
            await self._record(caller, method, SERVICE, "deny", verdict.reasons, context)
            raise PermissionDenied(DENIED)
        return verdict.reasons

    async def authorise(self, caller: Principal, method: str, message: Any, context: Context) -> None:
        """Decide about what a request names, before it is validated; raises as above."""
        asked = await asked_about(method, message, self.facts)
        verdict = self.policies.verdict(caller, method, asked)
        decision = "allow" if verdict.allowed else "deny"
        await self._record(caller, method, asked, decision, verdict.reasons, context)
        if not verdict.allowed:
            raise PermissionDenied(DENIED)

    async def note_admitted(self, caller: Principal, method: str, reasons: tuple[str, ...], context: Context) -> None:
        """Record that a caller was let in whose request says nothing more to decide about, or cannot be read."""
        await self._record(caller, method, SERVICE, "allow", reasons, context)

    async def note_unknown(self, method: str, error: Unauthenticated, context: Context) -> None:
        """Record that somebody without valid credentials called."""
        await self._record(None, method, SERVICE, "unauthenticated", (str(error),), context)

    async def _record(
        self,
        caller: Principal | None,
        method: str,
        asked: Asked,
        decision: str,
        reasons: tuple[str, ...],
        context: Context,
    ) -> None:
        await self.audit.record(
            AuditEntry(
                time=self.clock.now().isoformat(),
                principal=caller.name if caller else "",
                identity=caller.identity if caller else "",
                roles=" ".join(sorted(caller.roles)) if caller else "",
                partner=caller.partner if caller else "",
                method=method,
                resource=asked.name[:LONGEST_NAME],
                decision=decision,
                reason=" ".join(reasons)[:LONGEST_NAME],
                peer=peer_address(context),
            )
        )


def certificate_names(shown: Mapping[str, Any]) -> list[str]:
    """Return the names of a client certificate that the handshake has checked; none where there is none."""
    for field in ("x509_subject_alternative_name", "x509_common_name"):
        names = [bytes(name).decode("utf-8", "replace") for name in shown.get(field, ())]
        if names:
            return names
    return []


def _bearer(context: Context) -> str | None:
    """Return the token of the call's metadata; an empty one for credentials of another kind."""
    sent = [value for key, value in context.invocation_metadata() or () if key == "authorization"]
    if not sent:
        return None
    scheme, _, token = str(sent[0]).partition(" ")
    return token.strip() if scheme.lower() == "bearer" and len(sent) == 1 else ""

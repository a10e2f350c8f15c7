"""The guard of a door that serves only those it knows; its libraries are an extra, so only such doors load this."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from planner.adapters.audit_log_sqlite import SqliteAuditLog
from planner.application.partner_view import PartnerViews
from planner.governance.access import shipped_policies
from planner.governance.audit_trail import AuditTrail
from planner.ports.clock import Clock
from planner.service.access_guard import Guard
from planner.service.identity_certificates import CertificateIdentity
from planner.service.identity_tokens import TokenIdentity
from planner.service.server import DoorSettings


@asynccontextmanager
async def guarded(door: DoorSettings, data: Path, views: PartnerViews, clock: Clock) -> AsyncIterator[Guard]:
    """Give the guard, and write its last decisions when the context ends; raises as `cluster.guarding` says."""
    tokens = None
    if door.jwt_keys is not None:
        tokens = TokenIdentity(door.jwt_keys, audience=door.jwt_audience or "", issuer=door.jwt_issuer or "")
    certificates = None if door.tls_callers is None else CertificateIdentity(door.tls_callers)
    policies = shipped_policies()
    log = SqliteAuditLog(data)
    trail = AuditTrail(log)
    try:
        yield Guard(
            tokens=tokens, certificates=certificates, policies=policies, facts=views.facts, audit=trail, clock=clock
        )
    finally:
        await trail.close()
        log.close()

"""`concordat audit`: the audit log in a data folder, verified and listed; it may be in use by a server."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from cluster.serving import gateway_settings
from planner.adapters.audit_log_sqlite import SqliteAuditLog
from planner.cli.launchers import ServeOptions
from planner.domain.errors import InvalidRequest
from planner.governance.audit_chain import AuditFlaw, chain_flaws
from planner.ports.audit_log import AuditHead

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What is wrong with a log, the first row first, and lines for people."""

    problems: Sequence[AuditFlaw]
    lines: Sequence[str]


def verify_audit(data: Path | None, noted: str) -> AuditCheck:
    """Recompute the chain of the log in a data folder, against its head and one that was noted.

    Raises
    ------
    StorageFailure
        If there is no log, or it cannot be read.
    InvalidRequest
        If the noted head is none.
    """
    known = _noted(noted)
    with closing(SqliteAuditLog(_folder(data), read_only=True)) as log:
        # The head first: a server may add rows in between, and rows beyond the head are no flaw.
        head = log.head()
        flaws = chain_flaws(log.rows(), head, known)
    lines = [str(flaw) for flaw in flaws[:_SHOWN]]
    if len(flaws) > _SHOWN:
        lines.append(f"and {len(flaws) - _SHOWN} more")
    if head is not None:
        verdict = "the chain holds" if not flaws else "the chain does not hold"
        lines.append(f"{verdict}: {head.count} rows, head {head.count}:{head.hash}")
    return AuditCheck(flaws, lines)


def list_audit(data: Path | None, limit: int, denied: bool) -> Iterator[str]:  # noqa: FBT001 - the command's option
    """Yield rows as JSON, newest first; control characters come escaped."""
    with closing(SqliteAuditLog(_folder(data), read_only=True)) as log:
        rows = (row for row in log.newest() if not denied or row.entry.decision != "allow")
        for row in itertools.islice(rows, limit):
            yield json.dumps({"sequence": row.sequence, **asdict(row.entry)})


def _folder(data: Path | None) -> Path:
    return gateway_settings(ServeOptions(data=data)).data


def _noted(text: str) -> AuditHead | None:
    if not text:
        return None
    count, _, digest = text.partition(":")
    if not count.isdecimal() or len(digest) != 64:
        raise InvalidRequest(f"a noted head is COUNT:HASH as `audit verify` prints it, got {text[:100]!r}", "noted")
    return AuditHead(count=int(count), hash=digest)

"""The chain of the audit log: how a row is hashed, and what is wrong with rows that do not follow each other.

Every hash covers the hash of the row before, so a row that was changed, taken out, put in or moved no longer fits, and
only rewriting all later rows would hide it. The head (count and last hash) is kept apart from the rows: it tells rows
taken off the end, and a chain that was rewritten. Whoever can write both files can rewrite both; a head noted
elsewhere, on paper or in another system, finds that too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from planner.ports.audit_log import AuditEntry, AuditHead, AuditRow

GENESIS = "0" * 64
"""What the first row follows."""


@dataclass(frozen=True, slots=True)
class AuditFlaw:
    """What is wrong, and at which row (its number in the order of the log)."""

    row: int
    problem: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.problem}"


def row_hash(sequence: int, entry: AuditEntry, previous: str) -> str:
    """Return the hash of a row: SHA-256 over the hash before it, its number and its content."""
    content = {**asdict(entry), "sequence": sequence, "previous": previous}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def chained(entries: Sequence[AuditEntry], head: AuditHead) -> Iterator[AuditRow]:
    """Yield the rows that entries become after a head."""
    previous = head.hash
    for sequence, entry in enumerate(entries, start=head.count + 1):
        own = row_hash(sequence, entry, previous)
        yield AuditRow(sequence=sequence, entry=entry, previous=previous, hash=own)
        previous = own


def chain_flaws(rows: Iterable[AuditRow], head: AuditHead | None, noted: AuditHead | None = None) -> list[AuditFlaw]:
    """Return what is wrong with a log, the first row first; nothing for one that holds.

    ``noted`` is a head that was written down before. Rows beyond the head are no flaw as long as they follow: a server
    that was cut off between the two files leaves some, and none of them was acted on.
    """
    flaws: list[AuditFlaw] = []
    previous, count = GENESIS, 0
    anchors = {anchor.count: anchor.hash for anchor in (head, noted) if anchor is not None and anchor.count > 0}
    clashing = head is not None and noted is not None and head.count == noted.count and head.hash != noted.hash
    if clashing and noted is not None:
        flaws.append(AuditFlaw(noted.count, "the head is not the one that was noted: the log was rewritten"))
    for row in rows:
        count += 1
        problem = _problem(row, count, previous)
        if not problem and anchors.get(count, row.hash) != row.hash:
            problem = "it is not the row that the head names: the log was rewritten up to here"
        if problem:
            flaws.append(AuditFlaw(count, problem))
            if row.sequence != count:
                return flaws  # all later rows are off by as many places
        previous = row.hash
    if head is None and count:
        flaws.append(AuditFlaw(count, "the head is missing, so that rows after this one may be missing as well"))
    flaws += [
        AuditFlaw(count + 1, f"removed at the end: there were {anchor.count} rows, now {count}")
        for anchor in dict.fromkeys((head, noted))
        if anchor is not None and anchor.count > count
    ]
    return flaws


def _problem(row: AuditRow, place: int, previous: str) -> str:
    if row.sequence > place:
        return f"removed: row {row.sequence} stands in its place"
    if row.sequence < place:
        return f"put in or moved: it calls itself row {row.sequence}"
    if row.previous != previous:
        return "it does not follow the row before: moved, or that one was changed or replaced"
    if row.hash != row_hash(row.sequence, row.entry, row.previous):
        return "changed: its content is not what was hashed"
    return ""

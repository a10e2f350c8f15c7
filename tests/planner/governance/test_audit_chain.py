"""The hash chain of the audit log: whatever is done to one row is found, and the row is named."""

from __future__ import annotations

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from planner.governance.audit_chain import GENESIS, chain_flaws, chained
from planner.ports.audit_log import AuditEntry, AuditHead, AuditRow

WORDS = st.text(max_size=12)
ENTRIES = st.lists(st.builds(AuditEntry, **dict.fromkeys((f.name for f in fields(AuditEntry)), WORDS)), max_size=8)
BEGINNING = AuditHead(count=0, hash=GENESIS)


def log(entries: list[AuditEntry]) -> tuple[list[AuditRow], AuditHead]:
    """Return the rows of entries, and their head."""
    rows = list(chained(entries, BEGINNING))
    return rows, AuditHead(count=len(rows), hash=rows[-1].hash if rows else GENESIS)


@given(ENTRIES)
def test_a_log_that_was_left_alone_holds(entries: list[AuditEntry]) -> None:
    """Rows that follow each other up to the head have no flaw, also against any head noted on the way."""
    rows, head = log(entries)
    assert chain_flaws(rows, head) == []
    for row in rows:
        assert chain_flaws(rows, head, AuditHead(count=row.sequence, hash=row.hash)) == []


@given(ENTRIES.filter(bool), st.data())
def test_any_change_of_one_cell_is_found_at_its_row(entries: list[AuditEntry], data: st.DataObject) -> None:
    """Another text in any column of any row, its hashes included, is found there or (a hash) where it is followed."""
    rows, head = log(entries)
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from([f.name for f in fields(AuditEntry)] + ["previous", "hash"]))
    row = rows[place]
    old = getattr(row, column) if column in {"previous", "hash"} else getattr(row.entry, column)
    new = data.draw(WORDS.filter(lambda text: text != old))
    changed = (
        replace(row, **{column: new})
        if column in {"previous", "hash"}
        else replace(row, entry=replace(row.entry, **{column: new}))
    )
    flaws = chain_flaws([*rows[:place], changed, *rows[place + 1 :]], head)
    assert flaws[0].row == place + 1


@given(ENTRIES.filter(bool), st.data())
def test_a_removed_row_is_found_also_at_the_end(entries: list[AuditEntry], data: st.DataObject) -> None:
    """One row less is found at its place, be it the first, the last or the only one."""
    rows, head = log(entries)
    place = data.draw(st.integers(0, len(rows) - 1))
    flaws = chain_flaws([*rows[:place], *rows[place + 1 :]], head)
    assert flaws[0].row == place + 1
    assert "removed" in flaws[0].problem


@given(ENTRIES.filter(lambda entries: len(entries) > 1), st.data())
def test_two_swapped_rows_are_found(entries: list[AuditEntry], data: st.DataObject) -> None:
    """Rows that changed places are found at the first of the two, whether or not they kept their numbers."""
    rows, head = log(entries)
    first, second = sorted(data.draw(st.permutations(range(len(rows))))[:2])
    swapped = list(rows)
    swapped[first], swapped[second] = rows[second], rows[first]
    assert chain_flaws(swapped, head)[0].row == first + 1
    swapped[first] = replace(swapped[first], sequence=first + 1)
    swapped[second] = replace(swapped[second], sequence=second + 1)
    assert chain_flaws(swapped, head)[0].row == first + 1


@given(ENTRIES.filter(bool), ENTRIES.filter(bool), st.data())
def test_a_rewritten_end_is_found_by_the_head(
    entries: list[AuditEntry], others: list[AuditEntry], data: st.DataObject
) -> None:
    """Rows rewritten with right hashes are found by the head, and by a noted head where it was rewritten as well."""
    rows, head = log(entries)
    place = data.draw(st.integers(0, len(rows) - 1))
    before = AuditHead(count=place, hash=rows[place - 1].hash if place else GENESIS)
    forged = [*rows[:place], *chained(others, before)]
    if [row.hash for row in forged[: len(rows)]] == [row.hash for row in rows]:
        return  # the same rows again, and perhaps more, are no forgery
    assert chain_flaws(forged, head) != []
    forged_head = AuditHead(count=len(forged), hash=forged[-1].hash)
    assert chain_flaws(forged, forged_head) == []
    assert chain_flaws(forged, forged_head, head) != []


def test_rows_beyond_the_head_are_no_flaw_and_a_missing_head_is() -> None:
    """A server cut off between rows and head leaves rows that follow; without any head the end cannot be trusted."""
    entry = AuditEntry(**dict.fromkeys((f.name for f in fields(AuditEntry)), "x"))
    rows, head = log([entry] * 3)
    assert chain_flaws(rows, AuditHead(count=2, hash=rows[1].hash)) == []
    assert "head is missing" in chain_flaws(rows, None)[0].problem
    assert chain_flaws([], None) == []
    assert chain_flaws([], head)[0].row == 1

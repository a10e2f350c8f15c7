"""The audit log on disk: what one hand in the files changes is found, and a cut-off server leaves no flaw."""

# ruff: noqa: S608 - statements are put together from our own names and numbers
from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.adapters.audit_log_sqlite import SqliteAuditLog
from planner.domain.errors import StorageFailure
from planner.governance.audit_chain import AuditFlaw, chain_flaws
from planner.ports.audit_log import AuditEntry

ENTRY = AuditEntry(**dict.fromkeys((field.name for field in fields(AuditEntry)), "x"))
ROWS = 6
COLUMNS = [field.name for field in fields(AuditEntry)] + ["previous", "hash"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a log of six rows, written in two batches."""
    folder = tmp_path_factory.mktemp("audit")
    log = SqliteAuditLog(folder)
    log.append([replace(ENTRY, method=f"method {number}") for number in range(4)])
    log.append([replace(ENTRY, method=f"method {number}") for number in range(4, ROWS)])
    log.close()
    return folder


def copied(written: Path, folder: Path) -> Path:
    """Return a copy of the log, afresh."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(written, folder)
    return folder


def forge(folder: Path, *statements: str) -> None:
    """Do to the table what somebody with the file in hands can do."""
    connection = sqlite3.connect(folder / "audit.sqlite")
    for verb in ("update", "delete"):
        connection.execute(f"DROP TRIGGER audit_refuse_{verb}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def flaws(folder: Path) -> list[AuditFlaw]:
    """Return what `concordat audit verify` would find."""
    log = SqliteAuditLog(folder, read_only=True)
    try:
        return chain_flaws(log.rows(), log.head())
    finally:
        log.close()


@st.composite
def hands(draw: st.DrawFn) -> tuple[int, list[str]]:
    """Return one change of the table, and the row at which it is to be found."""
    row, column = draw(st.integers(1, ROWS)), draw(st.sampled_from(COLUMNS))
    other = draw(st.integers(1, ROWS).filter(lambda number: number != row))
    kind = draw(st.sampled_from(["change", "blob", "remove", "swap", "swap content"]))
    if kind == "change":
        return row, [f"UPDATE audit SET {column} = {column} || 'y' WHERE sequence = {row}"]
    if kind == "blob":
        return row, [f"UPDATE audit SET {column} = x'FF00' WHERE sequence = {row}"]
    if kind == "remove":
        return row, [f"DELETE FROM audit WHERE sequence = {row}"]
    if kind == "swap":
        return min(row, other), [
            f"UPDATE audit SET sequence = -1 WHERE sequence = {row}",
            f"UPDATE audit SET sequence = {row} WHERE sequence = {other}",
            f"UPDATE audit SET sequence = {other} WHERE sequence = -1",
        ]
    swapped = f"(SELECT method FROM copy WHERE sequence = {row + other} - audit.sequence)"
    return min(row, other), [
        "CREATE TEMP TABLE copy AS SELECT sequence, method FROM audit",
        f"UPDATE audit SET method = {swapped} WHERE sequence IN ({row}, {other})",
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hands())
def test_any_single_change_of_the_file_is_found_and_named(
    written: Path, tmp_path: Path, hand: tuple[int, list[str]]
) -> None:
    """A changed, removed or swapped row is found at the first row that is not what it was."""
    row, statements = hand
    folder = copied(written, tmp_path / "copy")
    assert flaws(folder) == []
    forge(folder, *statements)
    assert flaws(folder)[0].row == row


def test_rows_cannot_be_changed_by_mistake(written: Path, tmp_path: Path) -> None:
    """The table itself refuses to change or delete a row."""
    connection = sqlite3.connect(copied(written, tmp_path / "copy") / "audit.sqlite")
    for statement in ("UPDATE audit SET method = 'y'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_a_removed_head_is_found_and_nothing_is_added_to_such_a_log(written: Path, tmp_path: Path) -> None:
    """Without its head a log neither verifies nor goes on."""
    folder = copied(written, tmp_path / "copy")
    (folder / "audit.head").unlink()
    assert "head is missing" in flaws(folder)[-1].problem
    with pytest.raises(StorageFailure, match="audit verify"):
        SqliteAuditLog(folder)


def test_a_server_does_not_go_on_after_a_shortened_log(written: Path, tmp_path: Path) -> None:
    """Rows taken off the end are found when the next server opens the log."""
    folder = copied(written, tmp_path / "copy")
    forge(folder, f"DELETE FROM audit WHERE sequence >= {ROWS - 1}")
    with pytest.raises(StorageFailure, match="does not fit its head"):
        SqliteAuditLog(folder)


def test_a_server_that_was_cut_off_between_its_two_writes_goes_on(written: Path, tmp_path: Path) -> None:
    """Rows beyond the head that follow are anchored by the next server; forged ones are refused."""
    folder = copied(written, tmp_path / "copy")
    older = next(row for row in SqliteAuditLog(folder, read_only=True).rows() if row.sequence == 4)
    (folder / "audit.head").write_text(json.dumps({"count": 4, "hash": older.hash}), encoding="ascii")
    assert flaws(folder) == []
    log = SqliteAuditLog(folder)
    log.append([ENTRY])
    log.close()
    assert json.loads((folder / "audit.head").read_bytes())["count"] == ROWS + 1
    assert flaws(folder) == []
    (folder / "audit.head").write_text(json.dumps({"count": 4, "hash": older.hash}), encoding="ascii")
    forge(folder, f"UPDATE audit SET method = 'forged' WHERE sequence = {ROWS}")
    with pytest.raises(StorageFailure, match="does not fit its head"):
        SqliteAuditLog(folder)


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    """A missing file and one that is no database are named."""
    with pytest.raises(StorageFailure, match="does not exist"):
        SqliteAuditLog(tmp_path, read_only=True)
    (tmp_path / "audit.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StorageFailure, match="cannot be used"):
        SqliteAuditLog(tmp_path)

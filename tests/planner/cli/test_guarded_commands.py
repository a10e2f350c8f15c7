"""The command line against a guarded server process, and the commands that look at its audit log."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.main import launchers
from planner.cli.app import run
from tests.door_keys import AUDIENCE, ISSUER, token, token_door


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of the server."""
    return tmp_path_factory.mktemp("guarded") / "data"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[str]:
    """Give the address of a running guarded server."""
    keys = token_door(tmp_path_factory.mktemp("keys")).jwt_keys
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "cluster.main", "serve", "--listen", "127.0.0.1:0", "--data", str(data)),
            *("--runtime", "local", "--jwt-keys", str(keys), "--jwt-audience", AUDIENCE, "--jwt-issuer", ISSUER),
            *("--rate", "100", "--rate-burst", "50", "--until-stdin-closes"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().removeprefix("listening on ").strip()
    process.communicate(timeout=30)


def concordat(*arguments: object) -> int:
    """Run a command in this process."""
    return run(launchers(), [str(argument) for argument in arguments])


def test_commands_show_the_token_of_a_file_or_of_the_environment(
    server: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a token commands are served, without one they end with 2, and every decision is in the log that verifies."""
    file = tmp_path / "token"
    file.write_text(token("petra", "planner") + "\n", encoding="utf-8")
    assert concordat("plans", "--server", server, "--token-file", file) == 0
    assert concordat("status", "--server", server, "--token-file", file) == 0
    monkeypatch.setenv("CONCORDAT_TOKEN", token("clerk", "partner", partner="acme"))
    assert concordat("plans", "--server", server) == 0
    assert concordat("cancel", "operations/x", "--server", server) == 2
    assert "not permitted to you" in capsys.readouterr().err
    monkeypatch.delenv("CONCORDAT_TOKEN")
    assert concordat("plans", "--server", server) == 2
    assert "credentials" in capsys.readouterr().err
    assert concordat("audit", "verify", "--data", data) == 0
    assert "the chain holds" in capsys.readouterr().out
    assert concordat("audit", "list", "--data", data, "--denied") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["principal"], row["method"], row["decision"]) for row in rows] == [
        ("", "ListPlans", "unauthenticated"),
        ("clerk", "CancelPlan", "deny"),
    ]


def test_health_needs_no_token(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A probe that knows no token hears whether a guarded server serves, and nothing else."""
    assert concordat("status", "--health", "--server", server) == 0
    assert capsys.readouterr().out == f"{server}: serving\n"
    assert concordat("status", "--server", server) == 2
    assert concordat("status", "--health", "--server", "127.0.0.1:1") == 5


def test_a_changed_row_is_named_and_a_noted_head_finds_a_rewritten_log(
    server: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Verification ends with 1 and names the row; a head noted before is held against the log."""
    assert server
    assert concordat("plans", "--server", server) == 2
    capsys.readouterr()
    assert concordat("audit", "verify", "--data", data) == 0
    noted = capsys.readouterr().out.split()[-1]
    assert concordat("audit", "verify", "--data", data, "--noted", noted) == 0
    other = noted[:-1] + ("0" if noted[-1] != "0" else "1")
    assert concordat("audit", "verify", "--data", data, "--noted", other) == 1
    capsys.readouterr()
    copy = tmp_path / "copy"
    copy.mkdir()
    source, target = sqlite3.connect(data / "audit.sqlite"), sqlite3.connect(copy / "audit.sqlite")
    source.backup(target)
    target.execute("DROP TRIGGER audit_refuse_update")
    target.execute("UPDATE audit SET principal = 'somebody else' WHERE sequence = 1")
    target.commit()
    source.close()
    target.close()
    (copy / "audit.head").write_bytes((data / "audit.head").read_bytes())
    assert concordat("audit", "verify", "--data", copy) == 1
    assert capsys.readouterr().out.startswith("row 1: changed")


@pytest.mark.parametrize("noted", ["x", "3", "3:abc", "-1:" + "0" * 64])
def test_a_wrong_noted_head_is_wrong_input(data: Path, noted: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no head is refused with the form it should have."""
    assert concordat("audit", "verify", "--data", data, "--noted", noted) == 2
    assert "COUNT:HASH" in capsys.readouterr().err


def test_a_folder_without_a_log_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that is not guarded has no audit log."""
    assert concordat("audit", "verify", "--data", tmp_path) == 5
    assert "does not exist" in capsys.readouterr().err


def test_a_client_certificate_needs_its_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of a client certificate is wrong input."""
    assert concordat("plans", "--server", "127.0.0.1:1", "--client-cert", tmp_path / "c.pem") == 2
    assert "--client-key" in capsys.readouterr().err

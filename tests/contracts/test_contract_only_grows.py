"""The wire contract: its style, and that it only grows beyond what the last release promised."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.architecture.house import ROOT

BUF = Path(sysconfig.get_path("scripts")) / "buf"
BASELINE = "proto/baseline/v1.txtpb"
PLAN, SERVICE = "proto/planner/wire/v1/plan.proto", "proto/planner/wire/v1/planning_service.proto"


def buf(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run buf in a checkout; the environment is empty, so that it reaches neither git nor a registry."""
    return subprocess.run(
        [str(BUF), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"BUF_CACHE_DIR": str(folder / "cache"), "HOME": str(folder)},
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the contract without any history."""
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    return tmp_path


def edit(folder: Path, file: str, old: str, new: str) -> None:
    """Replace one piece of a source."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_contract_keeps_to_its_style_and_promise(checkout: Path) -> None:
    """The sources as they stand pass lint, and break nothing of the baseline, without git or network."""
    lint = buf(checkout, "lint")
    assert lint.returncode == 0, lint.stdout
    breaking = buf(checkout, "breaking", "--against", BASELINE)
    assert breaking.returncode == 0, breaking.stdout + breaking.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (PLAN, "  string plan_hash = 14;\n", "", 'field "14" with name "plan_hash"'),
        (PLAN, "string plan_hash = 14;", "bytes plan_hash = 14;", "changed type"),
        (PLAN, "string plan_hash = 14;", "string plan_digest = 14;", "plan_digest"),
        (PLAN, "    RUNNING = 2;\n", "", 'enum value "2"'),
        (SERVICE, "  rpc GetPlan(GetPlanRequest) returns (Plan);\n", "", 'RPC "GetPlan"'),
        (SERVICE, "returns (stream Operation)", "returns (Operation)", "streaming"),
    ],
    ids=["field removed", "type changed", "field renamed", "enum value removed", "method removed", "stream ended"],
)
def test_what_breaks_clients_is_refused(checkout: Path, file: str, old: str, new: str, told: str) -> None:
    """Whatever a client of the last release relies on cannot be taken away or given another meaning."""
    edit(checkout, file, old, new)
    breaking = buf(checkout, "breaking", "--against", BASELINE)
    assert breaking.returncode == 100, breaking.stdout + breaking.stderr
    assert told in breaking.stdout


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (PLAN, "  string plan_hash = 14;\n", "  string plan_hash = 14;\n  string nickname = 1000;\n"),
        (SERVICE, "message CreatePlanRequest {", "message Added {}\n\nmessage CreatePlanRequest {"),
        (
            SERVICE,
            "  rpc GetPlan(",
            "  // Looks again.\n  rpc GetPlanAgain(GetPlanRequest) returns (Plan);\n  rpc GetPlan(",
        ),
    ],
    ids=["field added", "message added", "method added"],
)
def test_what_adds_to_the_contract_passes(checkout: Path, file: str, old: str, new: str) -> None:
    """New fields, messages and methods break nobody."""
    edit(checkout, file, old, new)
    breaking = buf(checkout, "breaking", "--against", BASELINE)
    assert breaking.returncode == 0, breaking.stdout + breaking.stderr


def test_a_name_against_the_style_is_refused(checkout: Path) -> None:
    """Lint is really on: a field that is not in snake case does not pass."""
    edit(checkout, PLAN, "string plan_hash = 14;", "string planHash = 14;")
    lint = buf(checkout, "lint")
    assert lint.returncode == 100
    assert "lower_snake_case" in lint.stdout


def test_checks_run_with_every_check_of_the_project() -> None:
    """`make check` includes lint and the comparison with the committed baseline."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^check:.*\bproto-check\b", makefile, re.MULTILINE)
    assert f"breaking --against {BASELINE}" in makefile

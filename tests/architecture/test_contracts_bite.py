"""The import contracts refuse what they claim to refuse: each offence is planted in a copy of the house's skeleton."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.house import PACKAGES, ROOT, project_files

OFFENCES = {
    "business imports mathematics": ("planner/domain/offence.py", "import solvers.core", "Floors"),
    "mathematics imports business": ("solvers/core/offence.py", "import planner.domain", "Floors"),
    "agents import the assembly": ("actors/offence.py", "import cluster", "Floors"),
    "a rule imports a door": ("planner/policy/offence.py", "import planner.cli", "Rooms of the business floor"),
    "a room nobody listed": ("planner/leftovers/__init__.py", "", "Rooms of the business floor"),
    "messages beyond the doors": ("planner/application/offence.py", "import planner.wire.v1", "Generated messages"),
    "an adapter chosen by a door": ("planner/cli/offence.py", "import planner.adapters", "Adapters are chosen"),
    "an agent that knows a door": ("actors/offence.py", "import planner.service", "Agents know"),
    "a solver in an agent": ("actors/offence.py", "import highspy", "Solver libraries"),
    "Pyomo in the hot path": ("solvers/network/offence.py", "import pyomo.environ", "Pyomo is named"),
    "Ray outside its file": ("actors/offence.py", "import ray", "Ray is named"),
    "gRPC in a use case": ("planner/application/offence.py", "import grpc", "gRPC is spoken"),
    "traces in an agent": ("actors/offence.py", "import opentelemetry.trace", "Libraries of telemetry"),
    "metrics in the assembly": ("cluster/offence.py", "import prometheus_client", "Libraries of telemetry"),
    "a database in the events": ("planner/events/offence.py", "import sqlalchemy", "Databases"),
    "a database's driver in the assembly": ("cluster/offence.py", "import psycopg", "Databases"),
    "a database in a subject": ("benchmarks/subjects/offence.py", "import sqlite3", "Databases"),
    "policies of access in a use case": ("planner/application/offence.py", "import cedarpy", "Policies of access"),
    "tokens in a use case": ("planner/application/offence.py", "import jwt", "Tokens and keys"),
    "a solver behind certify": (
        "actors/certify.py",
        "import solvers.backends.highs_of_the_offence",
        "Whoever certifies",
    ),
}


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the contracts and the empty packages of the house, and one backend."""
    folder = tmp_path_factory.mktemp("skeleton")
    shutil.copy(ROOT / ".importlinter", folder)
    for path in project_files():
        if path.endswith("/__init__.py") and path.split("/", 1)[0] in PACKAGES:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).touch()
    (folder / "solvers/backends/highs_of_the_offence.py").write_text("import highspy\n", encoding="utf-8")
    return folder


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)


def _broken(output: str) -> str:
    # Long contract names are wrapped in the listing, so lines are joined before they are read.
    verdicts = re.findall(r"(.+?) (KEPT|BROKEN)", " ".join(output.split()))
    return "; ".join(name for name, verdict in verdicts if verdict == "BROKEN")


def test_the_skeleton_itself_keeps_all_contracts(skeleton: Path) -> None:
    """Without an offence no contract is broken, so the refusals below are earned."""
    kept = _lint(skeleton)
    assert kept.returncode == 0, kept.stdout


@pytest.mark.parametrize("offence", OFFENCES)
def test_a_contract_refuses_the_offence(skeleton: Path, offence: str) -> None:
    """Planting one forbidden import breaks the contract that stands against it."""
    path, text, contract = OFFENCES[offence]
    planted = skeleton / path
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(f"{text}\n", encoding="utf-8")
    try:
        verdict = _lint(skeleton)
    finally:
        planted.unlink()
    assert verdict.returncode != 0
    assert contract in _broken(verdict.stdout), verdict.stdout

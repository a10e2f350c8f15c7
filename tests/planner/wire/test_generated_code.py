"""The committed code of the wire is what protoc makes of the contract."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run

ROOT = Path(__file__).resolve().parents[3]


def test_generated_code_is_what_protoc_writes(tmp_path: Path) -> None:
    """Running the command of `make proto` anew gives the committed files byte for byte."""
    contracts = sorted((ROOT / "proto").glob("planner/wire/v1/*.proto"))
    outs = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", str(ROOT / "proto"), *outs, *map(str, contracts)]
    run(command, check=True)
    made = {path.name: path.read_bytes() for path in (tmp_path / "planner/wire/v1").iterdir()}
    kept = {
        path.name: path.read_bytes()
        for path in (ROOT / "planner/wire/v1").iterdir()
        if path.suffix in {".py", ".pyi"} and path.name != "__init__.py"
    }
    assert len(contracts) >= 4
    assert made == kept

"""What each floor really loads, measured in fresh processes: import-linter reads text, this reads `sys.modules`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.architecture.house import ROOT, module_name, sources

SOLVER_LIBRARIES = {"highspy", "ortools", "pyomo"}
HEAVY = SOLVER_LIBRARIES | {"ray", "numba"}
WATCHING = {"opentelemetry", "prometheus_client"}

_IMPORT_ALL = """
import importlib, json, sys
for name in json.load(sys.stdin):
    importlib.import_module(name)
json.dump(sorted({name.partition(".")[0] for name in sys.modules}), sys.stdout)
"""


def _loaded(modules: list[str]) -> set[str]:
    """Import the modules in a fresh process and return the top-level names it then holds."""
    child = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL],
        input=json.dumps(modules),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return set(json.loads(child.stdout))


def _modules_below(prefix: str) -> list[str]:
    tops = (prefix.split("/", maxsplit=1)[0],)
    return [module_name(path) for path in sources(*tops) if path.startswith(prefix)]


@pytest.mark.parametrize(
    ("prefix", "absent"),
    [
        pytest.param("planner/domain/", HEAVY | {"grpc", "sqlalchemy", "sqlglot", "typer"}, id="domain"),
        pytest.param("planner/verification/", HEAVY | {"grpc", "sqlalchemy", "typer"}, id="verification"),
        pytest.param("planner/service/", HEAVY, id="the server"),
        pytest.param("planner/client/", HEAVY | {"sqlalchemy"}, id="the client"),
        pytest.param("planner/", HEAVY, id="the whole business floor"),
        pytest.param("cluster/gateway", HEAVY | WATCHING | {"cedarpy", "jwt"}, id="the gateway process"),
        pytest.param("cluster/local_worker", WATCHING | {"grpc", "ray"}, id="a worker that plans"),
        pytest.param("actors/certify.py", SOLVER_LIBRARIES | {"ray", "grpc"}, id="certify"),
        pytest.param("solvers/core/", HEAVY | {"polars", "grpc"}, id="the core of the mathematics"),
    ],
)
def test_a_room_loads_nothing_it_must_not_know(prefix: str, absent: set[str]) -> None:
    """Importing all modules of a room in a fresh process leaves the libraries it must not know unloaded."""
    modules = _modules_below(prefix)
    assert modules, f"{prefix} holds no module; if it has moved, this test has to follow"
    assert _loaded(modules) & absent == set()


def test_the_probe_sees_a_library_that_is_loaded() -> None:
    """The probe of these tests reports a library that does get imported."""
    assert "numpy" in _loaded(["planner.domain.eligibility"])

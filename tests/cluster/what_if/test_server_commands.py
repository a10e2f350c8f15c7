"""`concordat whatif submit`, `watch`, `results`, `cancel`, `jobs` and `delete` against a server process."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

from cluster.main import launchers
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.cli.exit_codes import DONE, FAILED, WRONG_INPUT
from tests.cluster.test_gateway_process import server
from tests.scenario_builder import small_scenario

GRID = """
schema: concordat.grid/1
scenario: scenario
factors:
  demand: {scale: demand.quantity, where: {family: care}, levels: [0.8, 1.2]}
cross: [demand]
"""
ONCE = ("--gap", "1e-6", "--request-id", "once")
"""How two tests ask the grid, so that the server plans it for one of them only."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a scenario and a grid about it."""
    made = tmp_path_factory.mktemp("asked")
    write_scenario(small_scenario(), made / "scenario")
    (made / "grid.yaml").write_text(GRID, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Give the address of a server."""
    with server(folder / "data", steps=5) as (_, listening):
        yield listening


def whatif(address: str, *arguments: object) -> int:
    """Run a command of the group against the server."""
    return run(launchers(), ["whatif", *map(str, arguments), "--server", address])


def test_a_grid_is_submitted_watched_and_fetched(
    address: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Submit tells the execution, watch every result, and results writes what the server planned."""
    assert whatif(address, "submit", folder / "grid.yaml", *ONCE) == DONE
    told = capsys.readouterr().out
    name = told.splitlines()[0].split()[-1]
    assert told.startswith("3 cases are asked by whatIfJobs/")
    assert whatif(address, "watch", name) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["1/3", "2/3", "3/3"]
    assert lines[0].startswith("1/3 base: planned, value ")
    assert lines[3] == f"{name} is succeeded, 3 of 3 results"
    assert whatif(address, "results", name.partition("/executions/")[0], "--out", folder / "results.arrow") == DONE
    assert pl.read_ipc_stream(folder / "results.arrow")["outcome"].to_list() == ["planned"] * 3
    assert whatif(address, "cancel", name) == DONE
    assert "succeeded" in capsys.readouterr().out


def test_downloaded_results_are_compared(address: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file of results is compared as a run's folder is, with its pairs beside it, and other files are refused."""
    assert whatif(address, "submit", folder / "grid.yaml", *ONCE) == DONE
    job = capsys.readouterr().out.splitlines()[0].split()[-1].partition("/executions/")[0]
    file = folder / "compared.arrow"
    assert whatif(address, "watch", job) == whatif(address, "results", job, "--out", file) == DONE
    compare = ["whatif", "compare", str(file)]
    capsys.readouterr()
    assert run(launchers(), [*compare, "--html", str(folder / "compared.html")]) == DONE
    told = capsys.readouterr().out
    assert "proven better" in told or "proven worse" in told
    assert pl.read_parquet(folder / "compared.pairs.parquet").height == 3
    assert (folder / "compared.html").stat().st_size > 0
    assert run(launchers(), [*compare, "--decide"]) == WRONG_INPUT
    assert "name the folder of `concordat whatif run --out`" in capsys.readouterr().err
    content = file.read_bytes()
    for wrong, why in ((content[:500], "cannot be read as an Arrow IPC stream"), (arrow(), "holds no results")):
        file.write_bytes(wrong)
        assert run(launchers(), compare) == WRONG_INPUT
        assert why in capsys.readouterr().err


def arrow() -> bytes:
    """Return an Arrow IPC stream of something else."""
    buffer = BytesIO()
    pl.DataFrame({"key": ["a"]}).write_ipc_stream(buffer)
    return buffer.getvalue()


def test_a_request_id_is_one_execution_however_often_it_is_sent(
    address: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same id gives the same execution, with another seed it is refused, and the job is listed until deleted."""
    asked = ("submit", folder / "grid.yaml", "--gap", "1e-6", "--request-id", "monday", "--seed")
    names = []
    for _ in range(2):
        assert whatif(address, *asked, 7) == DONE
        names.append(capsys.readouterr().out.splitlines()[0].split()[-1])
    assert names[0] == names[1]
    assert whatif(address, *asked, 8) == WRONG_INPUT
    assert "'monday' was used before" in capsys.readouterr().err
    job = names[0].partition("/executions/")[0]
    assert whatif(address, "cancel", job) == DONE
    capsys.readouterr()
    assert whatif(address, "jobs") == DONE
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(f"{job}  20")]
    assert "  3 cases about scenarios/" in line
    assert whatif(address, "delete", job) == DONE
    assert whatif(address, "delete", job) == WRONG_INPUT
    assert whatif(address, "jobs") == DONE
    assert f"{job}  20" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("watch", "whatIfJobs/none/executions/none"), "has no execution"),
        (("results", "whatIfJobs/none", "--out", "x.arrow"), "no what-if job"),
        (("cancel", "nonsense"), "must be whatIfJobs/"),
        (("submit", "no-such.yaml"), "no-such.yaml: cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_wrong_input(
    address: str, arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that nothing has and files that are not there are told as what they are."""
    assert whatif(address, *arguments) == WRONG_INPUT
    assert reason in capsys.readouterr().err


def test_findings_of_the_server_name_the_line(address: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What only the base shows to be wrong comes back with path, line and cure."""
    wrong = folder / "wrong.yaml"
    wrong.write_text(GRID.replace("family: care", "family: cars"), encoding="utf-8")
    assert whatif(address, "submit", wrong) == WRONG_INPUT
    assert "grid:5: factors.demand.where.family: " in capsys.readouterr().err


def test_a_server_that_is_not_there_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a server the command fails and says where it looked."""
    assert whatif("127.0.0.1:1", "watch", "whatIfJobs/a/executions/b") == FAILED
    assert "127.0.0.1:1" in capsys.readouterr().err
    assert folder.exists()

"""The command line against a server process with a scripted runtime."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.main import launchers
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.domain.folder_files import PLAN_FILES
from tests.scenario_builder import small_scenario, with_cell

SERVER = Path(__file__).resolve().parents[2] / "cluster" / "scripted_server.py"


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small valid scenario."""
    folder = tmp_path_factory.mktemp("cli") / "scenario"
    write_scenario(small_scenario(), folder)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a running server whose plans take a moment."""
    command = [sys.executable, str(SERVER), str(tmp_path_factory.mktemp("data")), "0", "15"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().removeprefix("listening on ").strip()
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return how to say what a server that a command starts for itself does (a shell line; $DATA is its folder)."""

    def become(line: str) -> None:
        program = tmp_path / "program"
        program.write_text(f'#!/bin/sh\nDATA="$7"\n{line}\n')
        program.chmod(0o755)
        monkeypatch.setattr("cluster.child_server.sys.executable", str(program))

    return become


def concordat(*arguments: object) -> int:
    """Run a command in this process."""
    return run(launchers(), [str(argument) for argument in arguments])


def test_plan_puts_a_plan_into_the_folder(
    scenario: Path, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan of a named server ends with exit code 0, a complete folder, a progress line and the facts."""
    assert concordat("plan", scenario, "--out", tmp_path / "plan", "--server", server, "--time-limit", 60) == 0
    assert {path.name for path in (tmp_path / "plan").iterdir()} == set(PLAN_FILES)
    told = capsys.readouterr()
    assert re.search(r"value 15\.00 +bound 15\.00 +gap 0\.000%", told.err)
    assert "accepted as operations/" in told.err
    assert "15.00" in told.out


def test_a_finished_plan_is_downloaded_again(
    scenario: Path, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of a plan can be fetched later by its name, and an unknown name is wrong input."""
    assert concordat("plan", scenario, "--out", tmp_path / "plan", "--server", server) == 0
    found = re.search(r"operations/([0-9a-z-]+)", capsys.readouterr().err)
    assert found is not None
    assert concordat("download", f"plans/{found[1]}", "--server", server, "--out", tmp_path / "again") == 0
    for file in PLAN_FILES:
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "plan" / file).read_bytes()
    assert concordat("download", "plans/none", "--server", server, "--out", tmp_path / "none") == 2


def test_a_folder_that_is_not_empty_needs_overwrite(
    scenario: Path, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An old plan is replaced only when asked, other files beside it stay, other folders are never touched."""
    out = tmp_path / "plan"
    assert concordat("plan", scenario, "--out", out, "--server", server) == 0
    (out / "notes.txt").write_text("mine")
    assert concordat("plan", scenario, "--out", out, "--server", server) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert concordat("plan", scenario, "--out", out, "--server", server, "--overwrite") == 0
    assert (out / "notes.txt").read_text() == "mine"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("precious")
    assert concordat("plan", scenario, "--out", tmp_path / "other", "--server", server, "--overwrite") == 2
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["plan", "nowhere", "--out", "x"], "nowhere is no folder"),
        (["plan", ".", "--out", "x"], "no scenario.json"),
        (["plan", "SCENARIO", "--out", "x", "--gap", "-1"], "gap must be"),
        (["plan", "SCENARIO", "--out", "x", "--time-limit", "0"], "time_limit must be"),
        (["plan", "SCENARIO", "--out", "x", "--time-limit", "1e300"], "time_limit must be"),
        (["plan", "SCENARIO", "--out", "x", "--hosts", "0"], "hosts must be"),
        (["plan", "SCENARIO", "--out", "x", "--hosts", "100000"], "hosts must be"),
        (["plan", "SCENARIO", "--out", "x", "--seed", "-1"], "seed must be"),
        (["plan", "SCENARIO", "--out", "x", "--seed", "9" * 30], "seed must be"),
        (["plan", "SCENARIO", "--out", "x", "--work-limit", "9" * 30], "work_limit must be"),
        (["plan", "SCENARIO", "--out", "/dev/null/x/plan", "--server", "127.0.0.1:1"], "cannot be made"),
        (["plan", "SCENARIO", "--out", "x", "--runtime", "abacus"], "abacus"),
        (["plan", "SCENARIO", "--out", "x", "--server", "nonsense"], "host:port"),
        (["plan", "SCENARIO"], "--out"),
        (["serve", "--listen", "0.0.0.0:0"], "TLS"),
        (["report", "nowhere", "--out", "x.html"], "nowhere"),
        (["validate", "nowhere"], "nowhere"),
        (["generate", "x", "--preset", "huge"], "huge"),
        (["fly"], "fly"),
    ],
)
def test_wrong_input_is_one_message_and_exit_code_2(
    scenario: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    cause: str,
) -> None:
    """Whatever is wrong with a command is said with its cause and without a traceback."""
    if arguments[0] == "serve":
        pytest.importorskip("cluster.runtimes", reason="serving needs the assembly of runtimes")
    monkeypatch.chdir(tmp_path)
    assert concordat(*(str(scenario) if argument == "SCENARIO" else argument for argument in arguments)) == 2
    told = capsys.readouterr().err
    assert cause in told
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_an_invalid_scenario_prints_its_findings(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both plan and validate name table, row and column of what is wrong, and make no plan folder."""
    write_scenario(with_cell(small_scenario(), "orders", 1, "quantity", -5.0), tmp_path / "wrong")
    assert concordat("plan", tmp_path / "wrong", "--out", tmp_path / "plan", "--server", server) == 2
    assert "orders[1].quantity" in capsys.readouterr().err
    assert concordat("validate", tmp_path / "wrong") == 1
    assert "orders[1].quantity" in capsys.readouterr().out
    assert not (tmp_path / "plan").exists()


def test_a_valid_scenario_is_said_to_be_valid(scenario: Path) -> None:
    """Validating a valid scenario ends with exit code 0."""
    assert concordat("validate", scenario) == 0


def test_no_server_is_told(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that does not answer is named, and the exit code is that of failures."""
    monkeypatch.setattr("planner.cli.planning_session.READY_SECONDS", 0.3)
    assert concordat("plan", scenario, "--out", tmp_path / "plan", "--server", "127.0.0.1:1") == 5
    assert "127.0.0.1:1" in capsys.readouterr().err
    assert concordat("watch", "operations/abc", "--server", "127.0.0.1:1") == 5
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "127.0.0.1:1" in told[0]


def test_a_plan_can_be_listed_watched_and_cancelled(
    scenario: Path, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operation that plan names is listed, can be watched again into a folder, and cancelled without harm."""
    assert concordat("plan", scenario, "--out", tmp_path / "a", "--server", server, "--request-id", tmp_path.name) == 0
    operation = re.search(r"operations/\S+", capsys.readouterr().err)
    assert operation is not None
    assert concordat("plans", "--server", server) == 0
    assert operation.group() in capsys.readouterr().out
    assert concordat("watch", operation.group(), "--server", server, "--out", tmp_path / "b") == 0
    assert (tmp_path / "a" / "plan.json").read_bytes() == (tmp_path / "b" / "plan.json").read_bytes()
    assert concordat("cancel", operation.group(), "--server", server) == 0
    assert "was over" in capsys.readouterr().out
    assert concordat("watch", "operations/none", "--server", server) == 2


def test_a_plan_can_be_accepted_by_its_etag(
    scenario: Path, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The etag that the list tells accepts the plan, the list then tells who did, and other etags are refused."""
    assert concordat("plan", scenario, "--out", tmp_path / "a", "--server", server, "--request-id", tmp_path.name) == 0
    operation = re.search(r"operations/\S+", capsys.readouterr().err)
    assert operation is not None
    accept = ("accept", operation.group(), "--server", server, "--by", "ana", "--comment", "go")
    assert concordat(*accept, "--etag", "plan-0") == 2
    assert "look at it again" in capsys.readouterr().err
    assert concordat("plans", "--server", server) == 0
    etag = re.search(rf"{operation.group()} .* (plan-\S+)$", capsys.readouterr().out, re.MULTILINE)
    assert etag is not None
    assert concordat(*accept, "--etag", etag[1]) == 0
    assert f"is accepted by ana as {etag[1]}" in capsys.readouterr().out
    assert concordat("plans", "--server", server) == 0
    assert f"{etag[1]}, accepted by ana at " in capsys.readouterr().out


def test_ctrl_c_keeps_the_best_plan_so_far(
    scenario: Path,
    tmp_path: Path,
    own_server: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An interrupted plan of a server of one's own is cancelled, kept, and the server ends with the command."""
    own_server(f"exec {sys.executable} {SERVER} $DATA 0 100000 until-stdin-closes")
    interrupt = threading.Event()

    def show(self: object, step: object) -> None:
        if getattr(step, "progress", None) is not None and not interrupt.is_set():
            interrupt.set()
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("planner.cli.progress.ProgressLine.show", show)
    assert concordat("plan", scenario, "--out", tmp_path / "plan") == 0
    assert "(cancelled)" in capsys.readouterr().err
    assert (tmp_path / "plan" / "plan.json").exists()


def test_a_server_of_ones_own_that_dies_shows_its_last_words(
    scenario: Path, tmp_path: Path, own_server: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A child that dies in mid-plan, or cannot start at all, is told with what it wrote in the end."""
    own_server(
        f"exec 3<&0\n{sys.executable} {SERVER} $DATA 0 100000 until-stdin-closes <&3 & child=$!\n"
        "(sleep 3; echo out of memory, alas >&2; kill -9 $child) & wait $child; exit 9"
    )
    assert concordat("plan", scenario, "--out", tmp_path / "plan") == 5
    assert "out of memory, alas" in capsys.readouterr().err
    own_server("echo no such runtime >&2; exit 3")
    assert concordat("plan", scenario, "--out", tmp_path / "plan") == 5
    assert "no such runtime" in capsys.readouterr().err
    assert not (tmp_path / "plan").exists()


def test_generate_report_and_verify_work_on_folders(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A generated scenario is planned, and its plan reported; generating over it needs to be asked for."""
    folder, plan, page = tmp_path / "scenario", tmp_path / "plan", tmp_path / "pages" / "report.html"
    assert concordat("generate", "--preset", "tiny", "--seed", 7, folder) == 0
    assert concordat("generate", "--preset", "tiny", "--seed", 7, folder) == 2
    assert concordat("generate", "--preset", "tiny", "--seed", 7, "--overwrite", folder) == 0
    assert concordat("plan", folder, "--out", plan, "--server", server) == 0
    assert concordat("report", plan, "--out", page) == 0
    assert "<html" in page.read_text(encoding="utf-8")


class _Verified:
    def __init__(self, *problems: str) -> None:
        self.problems = problems
        self.lines = ("value recomputed: 1.00",)


def test_verify_exits_non_zero_naming_the_first_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What holds ends with 0; what does not names the first thing and ends with 1."""
    holds = replace(launchers(), verify=lambda _plan, _scenario: _Verified())
    assert run(holds, ["verify", str(tmp_path), str(tmp_path)]) == 0
    assert "everything holds" in capsys.readouterr().out
    fails = replace(launchers(), verify=lambda _plan, _scenario: _Verified("clause c1: too much", "other"))
    assert run(fails, ["verify", str(tmp_path), str(tmp_path)]) == 1
    assert "clause c1: too much" in capsys.readouterr().err


def test_an_unforeseen_error_is_a_message_and_not_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even a fault of our own is told in one message, and its traceback only where asked for."""

    def broken(_plan: Path, _scenario: Path) -> _Verified:
        raise ZeroDivisionError("oh")

    fails = replace(launchers(), verify=broken)
    assert run(fails, ["verify", str(tmp_path), str(tmp_path)]) == 5
    told = capsys.readouterr().err
    assert "ZeroDivisionError: oh" in told
    assert "Traceback" not in told
    monkeypatch.setenv("CONCORDAT_DEBUG", "1")
    run(fails, ["verify", str(tmp_path), str(tmp_path)])
    assert "Traceback" in capsys.readouterr().err


def test_version_and_help_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is printed, and help names every command and the exit codes."""
    assert concordat("--version") == 0
    assert capsys.readouterr().out.startswith("concordat ")
    assert concordat("--help") == 0
    told = capsys.readouterr().out
    for word in ("plan", "serve", "verify", "report", "export", "generate", "validate", "watch", "Exit codes"):
        assert word in told


def test_help_loads_nothing_heavy() -> None:
    """Asking for help loads neither polars nor gRPC nor SQLAlchemy."""
    probe = (
        "import sys; from cluster.main import launchers; from planner.cli.app import run; "
        "run(launchers(), ['--version']); "
        "sys.exit(bool({'polars', 'grpc', 'sqlalchemy', 'numpy', 'ray'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", probe], cwd=root, check=False).returncode == 0

"""What solvers tell is kept where somebody asked for it, of every agent that has one, and changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import solver_logs
from actors.certify import certify
from actors.host import agent_names
from actors.solver_logs import COORDINATOR, RunLogs, told_solves
from planner.adapters.solver_log_folder import solver_logs as kept_logs
from planner.domain.folder_files import PLAN_FILES, SOLVER_LOGS
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.simulation.generate import generate
from tests.micro_scenario import micro
from tests.planning import Folders, decomposed, plan_in_process

LOGGED = PlanningParameters(solver_logs=True)


def told(folder: Path) -> dict[str, str]:
    """Return what is kept of a run, by file name."""
    return {file.name: file.read_text(encoding="utf-8") for file in kept_logs(folder)}


def test_a_plan_with_logs_is_the_plan_without(tmp_path: Path) -> None:
    """Logs lie in the plan's folder, the plan verifies, and neither its hash nor what it says of itself differs."""
    scenario = generate("tiny", seed=3)
    with decomposed():
        plain = plan_in_process(scenario, tmp_path / "plain").plan
        logged = plan_in_process(scenario, tmp_path / "logged", LOGGED).plan
    assert plain is not None
    assert logged is not None
    assert dict(plain.summary) == dict(logged.summary)
    assert certify(scenario, logged).breaches == ()
    assert {path.name for path in (tmp_path / "plain").iterdir()} == set(PLAN_FILES)
    assert {path.name for path in (tmp_path / "logged").iterdir()} == {*PLAN_FILES, SOLVER_LOGS}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logged", "plain"]


def test_every_agent_with_a_solver_has_its_file(tmp_path: Path) -> None:
    """HiGHS tells of coordinator and plants itself, SCIP keeps no log: there each solve of a partner is a line."""
    scenario = generate("tiny", seed=3)
    with decomposed():
        plan_in_process(scenario, tmp_path / "plan", LOGGED)
    found = told(tmp_path / "plan")
    names = {name.replace(":", "-", 1) for name in agent_names(scenario) if not name.startswith("segment:")}
    plants = {f"{name}.log" for name in names if name.startswith("plant-")}
    assert {"coordinator.log"} | plants <= set(found) <= {"coordinator.log"} | {f"{name}.log" for name in names}
    for name in ("coordinator.log", *plants):
        assert "Running HiGHS" in found[name]
    partners = [text for name, text in found.items() if name.startswith("partner-")]
    assert partners
    assert all("scip keeps no log" in text for text in partners)
    assert any(" columns: optimal, value " in text for text in partners)


def test_a_run_without_a_plan_keeps_its_logs_too(tmp_path: Path) -> None:
    """Of hard clauses that cannot hold together there is no plan folder, but there is what solvers told."""
    result = plan_in_process(generate("tiny", seed=9), tmp_path / "plan", LOGGED).result
    assert result.outcome is Outcome.INFEASIBLE
    assert not (tmp_path / "plan").exists()
    assert "Running HiGHS" in told(tmp_path / "plan")["coordinator.log"]


def test_an_error_keeps_the_logs_and_a_later_run_begins_anew(tmp_path: Path) -> None:
    """What was told before an error is found; the next run of the same plan does not mix with it."""

    def fail() -> None:
        with told_solves(Folders(), str(tmp_path / "plan"), ("plant:a",), wanted=True) as logs:
            assert logs is not None
            log = logs.of("plant:a")
            assert log is not None
            log.note("before the error")
            raise RuntimeError("a solver broke")

    with pytest.raises(RuntimeError, match="broke"):
        fail()
    assert told(tmp_path / "plan") == {"plant-a.log": "before the error\n"}
    plan_in_process(micro(), tmp_path / "plan", LOGGED)
    assert "plant-a.log" not in told(tmp_path / "plan")


def test_all_logs_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose logs are full says so in each, and ends with the same plan."""
    scenario = generate("tiny", seed=3)
    with decomposed():
        whole = plan_in_process(scenario, tmp_path / "whole", LOGGED).plan
        monkeypatch.setattr(solver_logs, "MOST_BYTES", 40_000)
        cut = plan_in_process(scenario, tmp_path / "cut", LOGGED).plan
    assert whole is not None
    assert cut is not None
    assert cut.summary["plan_hash"] == whole.summary["plan_hash"]
    sizes = {name: len(text.encode()) for name, text in told(tmp_path / "cut").items()}
    assert sizes["coordinator.log"] < 20_000 + 10_000
    assert "cut here" in told(tmp_path / "cut")["coordinator.log"]
    assert sum(sizes.values()) < sum(len(text.encode()) for text in told(tmp_path / "whole").values())


@given(st.lists(st.text(min_size=1), unique=True, min_size=2, max_size=6))
def test_no_two_agents_share_a_file(names: list[str]) -> None:
    """Whatever plants and partners are called, each has a file of its own, in the folder of the logs."""
    logs = RunLogs(".", len(names))
    files = [log.file for kind in ("plant", "partner") for name in names if (log := logs.of(f"{kind}:{name}"))]
    assert len(set(files)) == 2 * len(names)
    assert {str(file.parent) for file in files} == {"."}
    assert all(len(file.name.encode()) < 200 for file in files)


def test_a_machine_that_cannot_write_the_logs_goes_without(tmp_path: Path) -> None:
    """Where the folder cannot be reached there is no log, and no error."""
    assert RunLogs(str(tmp_path / "elsewhere"), 1).of(COORDINATOR) is None

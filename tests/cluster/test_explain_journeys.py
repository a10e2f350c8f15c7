"""`concordat explain` with a server of its own and real agents: a conflict repaired, a clause loosened and verified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cluster.main import launchers
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.domain.clauses import BudgetClause
from planner.simulation.generate import generate
from tests.micro_scenario import micro
from tests.planning import plan_in_process

pytestmark = pytest.mark.slow


def concordat(*arguments: object) -> int:
    """Run a command in this process."""
    return run(launchers(), [str(argument) for argument in arguments])


def test_a_scenario_without_a_plan_is_explained_and_repaired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The clauses that cannot hold together are named, and each repair was planned: its worth is known."""
    write_scenario(generate("tiny", seed=44), tmp_path / "scenario")
    assert concordat("explain", tmp_path / "scenario", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [term["subject"] for term in document["conflict"]] == ["impossible/quota", "impossible/other", "parity"]
    assert [repair["state"] for repair in document["repairs"]] == ["PLANNED", "PLANNED"]
    assert all(repair["value"] <= repair["bound_proved"] + 1e-6 for repair in document["repairs"])


def test_a_loosened_clause_is_planned_again_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Brand's 0.15 more bring 1.3, as by hand; the other question is answered beside it."""
    scenario = micro(BudgetClause(id="budget", contract="C", partner="brand", max=0.75))
    write_scenario(scenario, tmp_path / "scenario")
    assert plan_in_process(scenario, tmp_path / "plan").plan is not None
    asked = ("--relax", "budget=0.15", "--relax", "budget=drop")
    assert concordat("explain", tmp_path / "plan", tmp_path / "scenario", "--json", *asked) == 0
    first, second = json.loads(capsys.readouterr().out)["counterfactuals"]
    assert first["change"]["lower"] == pytest.approx(1.3, abs=1e-3)
    assert first["helps"]
    assert second["change"]["upper"] == pytest.approx(2.6, abs=1e-3)

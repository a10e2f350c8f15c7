"""`concordat explain` on folders: tables for people, JSON for programs, refusals that say what to do."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cluster.main import launchers
from planner.adapters.plan_folder import write_plan
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.console.explanation import print_explanation
from tests.plan_builder import small_plan
from tests.scenario_builder import small_scenario, with_cell


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Return the folders of a valid plan, made by hand, and of its scenario."""
    scenario = small_scenario()
    write_scenario(scenario, tmp_path / "scenario")
    write_plan(small_plan(scenario), tmp_path / "plan")
    return tmp_path / "plan", tmp_path / "scenario"


def concordat(*arguments: object) -> int:
    """Run a command in this process."""
    return run(launchers(), [str(argument) for argument in arguments])


def shown(document: dict[str, object]) -> str:
    """What a terminal shows of an explanation."""
    text = io.StringIO()
    print_explanation(document, Console(file=text, width=160))
    return text.getvalue()


def test_a_plan_is_explained_in_tables(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Late and short orders and budgets stand in tables, each with what binds it."""
    assert concordat("explain", *folders) == 0
    told = capsys.readouterr().out
    assert "Late or short" in told
    assert "A2" in told
    assert "Offer budgets" in told
    assert "brand/budget" in told


def test_json_holds_everything_that_the_tables_cut(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The document has every short order with its numbers: A2 lacks one of five units, A1 has one late."""
    assert concordat("explain", *folders, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "concordat.explanation/1"
    orders = {short["id"]: short for short in document["shortfalls"] if short["kind"] == "order"}
    assert set(orders) == {"A1", "A2"}
    assert (orders["A2"]["short"], orders["A2"]["late"]) == (1.0, 0.0)
    assert (orders["A1"]["short"], orders["A1"]["late"], orders["A1"]["later"]) == (0.0, 1.0, 1)


def test_a_plan_that_does_not_hold_is_no_ground_for_counterfactuals(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan made by hand has no certificate, so nothing is re-solved and no interval claimed."""
    assert concordat("explain", *folders, "--relax", "brand/budget=1") == 2
    assert "does not hold, so nothing follows from it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--relax", "brand/budget"), "CLAUSE=10%"),
        (("--relax", "nobody=1"), "no clause 'nobody'"),
    ],
)
def test_a_wrong_relaxation_is_refused_with_the_right_form(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """What cannot be loosened is wrong input, told before anything is planned."""
    assert concordat("explain", *folders, *arguments) == 2
    assert words in capsys.readouterr().err


def test_a_plan_without_its_scenario_asks_for_it(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan folder alone does not say what was ordered."""
    assert concordat("explain", folders[0]) == 2
    assert "concordat explain PLAN SCENARIO" in capsys.readouterr().err


def test_a_plan_of_another_scenario_is_not_explained(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scenario with one cell changed is not the one that was planned, and nothing is said about it."""
    write_scenario(with_cell(small_scenario(), "orders", 0, "quantity", 5.0), tmp_path / "other")
    assert concordat("explain", folders[0], tmp_path / "other") == 2
    assert "name the scenario that was planned" in capsys.readouterr().err


def test_a_conflict_and_its_repairs_are_shown_in_contract_language() -> None:
    """Clauses stand with contract, kind and demand; repairs and counterfactuals as sentences with what is proven."""
    told = shown(
        {
            "conflict": [
                {"subject": "quota", "contract": "C-1", "kind": "volume", "text": "at most 2 over the horizon"}
            ],
            "repairs": [{"text": "quota=3: a plan is possible"}],
            "counterfactuals": [
                {"text": "b=1: proven to help", "estimate": 9.83, "change_checked": {"lower": 6.61, "upper": 8.47}}
            ],
        }
    )
    assert "quota (volume, contract C-1): at most 2 over the horizon" in told
    assert "quota=3: a plan is possible" in told
    assert "first estimate by prices 9.83" in told
    assert "by checked bounds 6.61 to 8.47" in told


def test_orders_come_before_subscriptions_and_the_rest_is_counted() -> None:
    """Of twenty shortfalls fifteen are shown, orders first and the largest of them on top."""
    shorts = [{"kind": "segments", "product": "soap", "market": "m", "short": 99.0, "text": "because"}]
    shorts += [{"kind": "order", "id": f"o{i:02}", "short": float(i), "text": "because"} for i in range(19)]
    lines = shown({"shortfalls": shorts, "priced": True}).splitlines()
    assert next(line for line in lines if "because" in line).split()[0] == "o18"
    assert sum("because" in line for line in lines) == 15
    assert any("and 5 more rows" in line for line in lines)

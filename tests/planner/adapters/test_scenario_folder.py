"""Scenario folders: what is written can be read, and what cannot be read says why."""

from __future__ import annotations

from planner.adapters.scenario_folder import read_scenario, write_scenario
from planner.domain.hashing import scenario_hash
from tests.scenario_builder import small_scenario


def test_a_written_scenario_reads_back_with_equal_content_and_hash(tmp_path):
    """Writing and reading changes neither a cell nor a clause nor the hash."""
    scenario = small_scenario()
    write_scenario(scenario, tmp_path / "s")
    again = read_scenario(tmp_path / "s")
    assert {name: again[name].to_dict(as_series=False) for name in scenario.tables} == {
        name: frame.to_dict(as_series=False) for name, frame in scenario.tables.items()
    }
    assert (again.header, again.eligibility, again.contracts) == (
        scenario.header,
        scenario.eligibility,
        scenario.contracts,
    )
    assert scenario_hash(again) == scenario_hash(scenario)

"""Grid files are read as they are written, and whatever is wrong with one is told with line, path and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.adapters.grid_yaml import read_grid
from planner.domain.errors import GridInvalid
from planner.domain.patches.agreements import ClauseAmendment, ClausesDropped, ClauseSelection, RuleChange
from planner.domain.patches.outages import LaneOutage, PlantOutage
from planner.domain.patches.rows import NumberChange, RowsDropped
from planner.domain.patches.seed import PlanningSeed
from planner.domain.patches.selection import Condition, Selection

WHOLE = """
schema: concordat.grid/1
scenario: base
factors:
  demand: {scale: demand.quantity, where: {family: care, period: [1, 2]}, range: [0.8, 1.2]}
  outage: {outage: {plant: P2, periods: [1], resource: line}, levels: [0, 1]}
  price: {set: demand.unit_revenue, levels: [10, 12.5]}
  strike: {outage: {lane: {plant: 1901, market: south, product: mix}, periods: [0, 2]}}
  lane: {drop: lanes, where: {plant: 1901, market: south}}
  offer: {drop: offers, where: {offer: O2}, levels: [true]}
  budget: {scale: clause.max, where: {id: brand/budget}, levels: [0.5]}
  parity: {drop: clause, where: {kind: parity}}
  rule: {set: eligibility.when, where: {id: gold-only}, levels: ["offer.face_value > 3"]}
  consent: {drop: eligibility, where: {id: consent}}
  seed: {set: seed, levels: [1, 2]}
cross: [outage, lane]
list:
  - {demand: 1.1, offer: true}
sample: {count: 5, seed: 1}
"""


def written(folder: Path, text: str) -> Path:
    """Return a grid file with this text."""
    file = folder / "grid.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_kind_of_factor_is_read(tmp_path: Path) -> None:
    """Each verb becomes the change it means, with its selection and its levels."""
    found = read_grid(written(tmp_path, WHOLE))
    changes = {factor.name: factor.change for factor in found.grid.factors}
    parity = ClauseSelection((Condition("kind", ("parity",)),))
    budget = ClauseSelection((Condition("id", ("brand/budget",)),))
    care = (Condition("family", ("care",)), Condition("period", (1, 2)))
    assert changes == {
        "demand": NumberChange(Selection("demand", care), "quantity", scaled=True),
        "outage": PlantOutage("P2", (1,), "line"),
        "price": NumberChange(Selection("demand"), "unit_revenue", scaled=False),
        "strike": LaneOutage(
            (Condition("plant", (1901,)), Condition("market", ("south",)), Condition("product", ("mix",))), (0, 2)
        ),
        "lane": RowsDropped(Selection("lanes", (Condition("plant", (1901,)), Condition("market", ("south",))))),
        "offer": RowsDropped(Selection("offers", (Condition("offer", ("O2",)),))),
        "budget": ClauseAmendment(budget, "max", scaled=True),
        "parity": ClausesDropped(parity),
        "rule": RuleChange("gold-only", dropped=False),
        "consent": RuleChange("consent", dropped=True),
        "seed": PlanningSeed(),
    }
    assert found.base == tmp_path / "base"
    assert found.grid.factors[0].interval == (0.8, 1.2)
    assert found.grid.factors[3].levels == found.grid.factors[4].levels == (0.0, 1.0)
    assert len(found.grid.cases()) == 1 + 4 + 1 + 5


HEAD = "schema: concordat.grid/1\nscenario: base\n"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("schema: concordat.grid/2\nscenario: base\n", 1, "write schema: concordat.grid/1"),
        ("schema: concordat.grid/1\n", 1, "must name the folder"),
        (HEAD + "factor: {}\n", 3, "known are schema, scenario, factors"),
        (HEAD + "scenario: other\n", 3, "stands here again, after line 2"),
        (HEAD + "factors:\n  a: 3\n", 4, "must map one of scale, set, drop, outage"),
        (HEAD + "factors:\n  a: {levels: [1]}\n", 4, "it has none"),
        (HEAD + "factors:\n  a:\n    scale: demand.quantity\n    level: [1]\n", 6, "known are scale, where, levels"),
        (HEAD + "factors:\n  a: {scale: demands.quantity, levels: [1]}\n", 4, "did you mean 'demand'?"),
        (
            HEAD + "factors:\n  a: {scale: clause.most, levels: [1], where: {kind: budget}}\n",
            4,
            "no clause has a number",
        ),
        (HEAD + "factors:\n  a: {scale: demand.quantity, levels: [x]}\n", 4, "write a finite number"),
        (HEAD + "factors:\n  a: {scale: demand.quantity, range: [2]}\n", 4, "such as [0.8, 1.2]"),
        (HEAD + f"factors:\n  a: {{scale: demand.quantity, levels: [1{'0' * 400}]}}\n", 4, "401 digits is too large"),
        (HEAD + f"factors:\n  a: {{scale: demand.quantity, range: [1, 1{'0' * 400}]}}\n", 4, "digits is too large"),
        (HEAD + f"list:\n  - {{a: 1{'0' * 400}}}\n", 4, "digits is too large"),
        (HEAD + "factors:\n  a: {scale: demand.quantity}\n", 4, "either levels or a range"),
        (HEAD + "factors:\n  a: {outage: {plant: P, market: M, periods: 1}}\n", 4, "{lane: {plant: P1, market: M1}"),
        (HEAD + "factors:\n  a: {outage: {lane: {}, periods: 1}}\n", 4, "name the lanes that are closed"),
        (HEAD + "factors:\n  a: {outage: {lane: P, periods: 1}}\n", 4, "must map columns to the values"),
        (HEAD + "factors:\n  a: {outage: {lane: {plant: P}, periods: [1], resource: r}}\n", 4, "must hold lane and"),
        (HEAD + "factors:\n  a: {outage: {lane: {plant: P}, periods: 1}, levels: [0.5]}\n", 4, "write false"),
        (HEAD + "factors:\n  a: {outage: {plant: P, periods: [x]}}\n", 4, "the first period is 0"),
        (HEAD + "factors:\n  a: {drop: lanes}\n", 4, "at least one condition"),
        (HEAD + "factors:\n  a: {drop: eligibility, where: {rule: x}}\n", 4, "one rule of eligibility.json"),
        (HEAD + "factors:\n  a: {drop: lanes, where: {plant: [1.5]}}\n", 4, "a text or whole number"),
        (HEAD + "cross: everything\n", 3, "a list of factors, or all"),
        (HEAD + "cross: [a]\n", 1, "no factor is called 'a'"),
        (HEAD + "list:\n  - 3\n", 4, "must map factors to levels"),
        (HEAD + "list:\n  - {a: [1]}\n", 4, "is no level"),
        (HEAD + "sample: 100\n", 3, "{count: 100, seed: 1}"),
        (HEAD + "sample: {count: 0, seed: 1}\n", 3, "count ≥ 1"),
        (HEAD, 1, "cross, list or sample"),
        (HEAD + "factors: &f {}\nlist: *f\n", 4, "write it out"),
        (HEAD + "factors: [\n", 4, "is no YAML"),
        ("- 1\n", 0, "must be a mapping"),
        ("!!python/object/apply:os.system [ls]\n", 1, "is no YAML"),
        ("", 0, "must be a mapping"),
    ],
)
def test_what_is_wrong_is_told_with_line_and_cure(tmp_path: Path, text: str, line: int, told: str) -> None:
    """Every mistake names the line it stands in, or the nearest line above, and what to write instead."""
    file = written(tmp_path, text)
    with pytest.raises(GridInvalid) as refused:
        read_grid(file)
    finding = next(each for each in refused.value.findings if told in each.message)
    assert finding.line == line
    assert f"{file}:{line}: " in str(refused.value) if line else f"{file}: " in str(refused.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """One reading tells every wrong factor, so that a file is corrected in one pass."""
    text = HEAD + "factors:\n  a: 1\n  b: 2\n  c: {scale: demand.quantity, levels: [1]}\n  d: {drop: lanes}\n"
    with pytest.raises(GridInvalid) as refused:
        read_grid(written(tmp_path, text))
    assert [finding.line for finding in refused.value.findings] == [4, 5, 7]


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    """A missing file and bytes that are no UTF-8 are errors of the grid, not of the program."""
    with pytest.raises(GridInvalid, match="cannot be read: No such file"):
        read_grid(tmp_path / "none.yaml")
    (tmp_path / "grid.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GridInvalid, match="not UTF-8"):
        read_grid(tmp_path / "grid.yaml")

"""Scenario folders: what is written can be read, and what cannot be read says why."""

from __future__ import annotations

import dataclasses
import json
import random
import tempfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.adapters.scenario_folder import read_scenario, read_with_findings, write_scenario
from planner.domain.errors import ConcordatError, FolderNotWritable, ScenarioInvalid, ScenarioUnreadable
from planner.domain.hashing import scenario_hash
from planner.domain.horizon import Horizon
from planner.domain.schema import POLARS_TYPE, TABLES, Kind, Presence
from planner.verification.findings import find_problems
from tests.scenario_builder import small_scenario, with_closures, with_table


@pytest.fixture
def folder(tmp_path):
    """Return the folder of the small scenario."""
    write_scenario(small_scenario(), tmp_path / "small")
    return tmp_path / "small"


def content(scenario):
    """Return everything a scenario says, comparable."""
    tables = {name: frame.to_dict(as_series=False) for name, frame in scenario.tables.items()}
    return scenario.header, tables, scenario.eligibility, scenario.contracts


def replace_in(path, old, new):
    """Replace one text in a file that must hold it."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_written_scenario_reads_back_with_equal_content_and_hash(folder):
    """Writing and reading changes neither a cell nor a clause nor the hash."""
    again = read_scenario(folder)
    assert content(again) == content(small_scenario())
    assert scenario_hash(again) == scenario_hash(small_scenario())


def test_the_same_scenario_gives_the_same_bytes(folder, tmp_path):
    """Two writings of one scenario, one of them read in between, do not differ in a byte."""
    write_scenario(read_scenario(folder), tmp_path / "again")
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    assert all((folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1, max_size=6)
CELLS = {
    Kind.TEXT: TEXTS | st.sampled_from(["1901", "007", "1e5", "true", "NaN", " "]),
    Kind.INTEGER: st.integers(-(2**62), 2**62),
    Kind.NUMBER: st.floats(allow_nan=False),
    Kind.BOOLEAN: st.booleans(),
}


@st.composite
def tables(draw):
    """Return a frame of random cells for one random table."""
    table = TABLES[draw(st.sampled_from(sorted(TABLES)))]
    height = draw(st.integers(0, 4))
    series = []
    for column in table.columns:
        cell = CELLS[column.kind] if column.presence is Presence.REQUIRED else st.none() | CELLS[column.kind]
        if column.presence is Presence.DEFAULT:
            cell = CELLS[column.kind]
        values = draw(st.lists(cell, min_size=height, max_size=height))
        series.append(pl.Series(column.name, values, dtype=POLARS_TYPE[column.kind]))
    return table.name, pl.DataFrame(series)


@given(st.lists(tables(), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_any_typed_cells_survive_writing_and_reading(drawn):
    """Whatever stands in a table, valid or not, comes back exactly, texts that look like numbers included."""
    scenario = small_scenario()
    for name, frame in drawn:
        scenario = with_table(scenario, name, frame)
    with tempfile.TemporaryDirectory() as place:
        write_scenario(scenario, Path(place) / "s")
        again = read_scenario(Path(place) / "s")
    assert content(again) == content(scenario)
    assert scenario_hash(again) == scenario_hash(scenario)


def test_further_columns_of_open_tables_are_kept_and_typed(folder):
    """A further column is a number, a truth value or text by its content; codes with leading zeros stay text."""
    (folder / "offers.csv").write_text(
        "offer,campaign_type,sponsor,face_value,own_share,max_redemptions,code,level,note,flag\n"
        "O1,coupon,brand,1.0,0.4,3.0,007,1.5,x,true\nO2,coupon,brand,2.0,0.5,,012,2,,false\n"
        "O3,gift,,0.5,1.0,,100,,y,true\n"
    )
    further = read_scenario(folder)["offers"].select("code", "level", "note", "flag")
    assert further.to_dict(as_series=False) == {
        "code": ["007", "012", "100"],
        "level": [1.5, 2.0, None],
        "note": ["x", None, "y"],
        "flag": [True, False, True],
    }


def test_customers_in_foreign_parquet_types_get_their_declared_types(folder):
    """Numeric ids become text, categories text and narrow numbers wide ones."""
    customers = pl.read_parquet(folder / "customers.parquet").with_columns(
        pl.col("customer").cast(pl.Int32),
        pl.col("segment", "tier").cast(pl.Categorical),
        pl.col("tenure_days").cast(pl.Int16),
        pl.col("household").cast(pl.String).cast(pl.Categorical),
    )
    customers.write_parquet(folder / "customers.parquet")
    read = read_scenario(folder)["customers"]
    assert read.drop("household").equals(small_scenario()["customers"].drop("household"))
    assert read["household"].to_list() == ["1", "1", "2", "3", "3", "4"]


def test_a_further_column_that_is_no_plain_value_is_a_finding(folder):
    """Lists and bytes are named and left out; dates are kept and enter the hash."""
    customers = pl.read_parquet(folder / "customers.parquet").with_columns(
        tags=pl.Series([["a"]] * 6), raw=pl.lit(b"x"), since=pl.lit(date(2024, 5, 1)), nothing=None
    )
    customers.write_parquet(folder / "customers.parquet")
    scenario, findings = read_with_findings(folder)
    assert [(f.table, f.column, f.rule) for f in findings] == [("customers", c, "type") for c in ("tags", "raw")]
    assert scenario["customers"]["since"].to_list() == [date(2024, 5, 1)] * 6
    assert scenario_hash(scenario) != scenario_hash(small_scenario())


def test_a_byte_order_mark_does_not_matter(folder):
    """Exports from Windows start with a byte order mark."""
    for name in ("scenario.json", "orders.csv"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes())
    assert content(read_scenario(folder)) == content(small_scenario())


def test_optional_tables_may_be_left_out(folder):
    """Absent receipts, in_transit, firm and baseline are empty tables."""
    for name in ("receipts", "in_transit", "firm", "baseline"):
        (folder / f"{name}.csv").unlink()
    scenario = read_scenario(folder)
    assert all(scenario[name].is_empty() for name in ("receipts", "in_transit", "firm", "baseline"))


def test_closures_of_lanes_are_written_where_there_are_some(tmp_path):
    """A folder without closures has no file of them; one with closures gives them back."""
    write_scenario(small_scenario(), tmp_path / "open")
    assert not (tmp_path / "open" / "lane_closures.csv").exists()
    shut = with_closures(small_scenario(), 1)
    write_scenario(shut, tmp_path / "shut")
    assert read_scenario(tmp_path / "shut")["lane_closures"].equals(shut["lane_closures"])


def test_customers_can_be_left_unread(folder):
    """Without customers the table is empty and its file is not needed."""
    (folder / "customers.parquet").unlink()
    assert read_scenario(folder, customers=False)["customers"].is_empty()


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("orders.csv", None),
        ("scenario.json", None),
        ("customers.parquet", b"no parquet"),
        ("contracts.json", b"[{"),
        ("orders.csv", b""),
        ("orders.csv", b"order,partner\nA,b,c,d\n"),
        ("scenario.json", b"\xff\xfe"),
    ],
)
def test_an_unreadable_file_is_named_with_a_cure(folder, name, damage):
    """A missing or damaged file raises ScenarioUnreadable that names the file."""
    if damage is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(damage)
    with pytest.raises(ScenarioUnreadable, match=name):
        read_scenario(folder)


def test_a_folder_that_is_not_there_is_unreadable(tmp_path):
    """The error names the folder."""
    with pytest.raises(ScenarioUnreadable, match="nowhere"):
        read_scenario(tmp_path / "nowhere")


def test_cells_of_another_type_are_findings_and_the_rest_is_read(folder):
    """A text among numbers is named by row, column and value, and the other rows keep their numbers."""
    replace_in(folder / "orders.csv", "dist-a,south,cream,2,5.0", "dist-a,south,cream,soon,five")
    scenario, findings = read_with_findings(folder)
    assert [(f.table, f.row, f.column, f.rule, f.value) for f in findings] == [
        ("orders", 1, "period", "type", "soon"),
        ("orders", 1, "quantity", "type", "five"),
    ]
    assert scenario["orders"]["quantity"].to_list() == [4.0, None, 6.0, 3.0]
    assert [f.rule for f in find_problems(scenario, findings)] == ["type", "type"]
    with pytest.raises(ScenarioInvalid, match="five") as caught:
        read_scenario(folder)
    assert caught.value.findings == findings


def test_whole_numbers_written_with_a_decimal_point_are_read(folder):
    """Spreadsheets write period 2 as 2.0."""
    replace_in(folder / "orders.csv", "cream,2,5.0", "cream,2.0,5.0")
    assert read_scenario(folder)["orders"]["period"].to_list() == [0, 2, 1, 3]


def test_a_missing_column_and_its_misspelling_are_findings(folder):
    """A misspelt column is not silently taken for an absent limit."""
    replace_in(folder / "supplies.csv", "max_quantity", "max_qty")
    replace_in(folder / "bom.csv", "quantity", "amount")
    _, findings = read_with_findings(folder)
    assert [(f.table, f.column, f.rule) for f in findings] == [
        ("bom", "quantity", "missing-column"),
        ("bom", "amount", "unknown-column"),
        ("supplies", "max_qty", "unknown-column"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "column", "rule"),
    [
        ('"periods": 4', '"periods": "four"', "periods", "json-type"),
        ('"periods": 4,', "", "periods", "missing-field"),
        ('"period_days": 7', '"period_days": 7.5', "period_days", "json-type"),
        ('"2025-01-06"', '"6 January"', "start_date", "json-type"),
        ('"seed": 3', '"seed": 3, "sede": 4', "sede", "unknown-field"),
        ("concordat.scenario/1", "concordat.scenario/9", "schema", "schema"),
    ],
)
def test_wrong_header_fields_are_findings(folder, old, new, column, rule):
    """Each wrong field of scenario.json is named."""
    replace_in(folder / "scenario.json", old, new)
    _, findings = read_with_findings(folder)
    assert [(f.table, f.column, f.rule) for f in findings] == [("scenario.json", column, rule)]


@pytest.mark.parametrize(
    ("old", "new", "column", "rule"),
    [
        ('"kind": "budget"', '"kind": "bugdet"', "clauses[brand/budget].kind", "clause-kind"),
        ('"max": 1.2', '"maximum": 1.2', "clauses[brand/budget].maximum", "unknown-field"),
        ('"max": 1.2', '"max": "1.2"', "clauses[brand/budget].max", "json-type"),
        ('"max": 1.2', '"max": NaN', "clauses[brand/budget].max", "not-finite"),
        ('"windows": "horizon"', '"windows": "always"', "clauses[brand/budget].windows", "clause-windows"),
        ('"share": 0.2,', "", "clauses[dist/reserve].share", "missing-field"),
        ('"rate": 0.02', '"rate": null', "clauses[oil/rebate].tiers[0].rate", "json-type"),
        ('"effective_to": "2025-12-31"', '"effective_to": "never"', "effective_to", "json-type"),
    ],
)
def test_clauses_that_do_not_parse_are_findings_and_the_others_are_read(folder, old, new, column, rule):
    """An unknown kind, field or type is named by clause id, and only that clause is left out."""
    replace_in(folder / "contracts.json", old, new)
    scenario, findings = read_with_findings(folder)
    assert [(f.column, f.rule) for f in findings] == [(column, rule)]
    assert len(scenario.clauses) == len(small_scenario().clauses) - column.startswith("clauses[")


def test_writing_over_something_else_is_refused(tmp_path):
    """A folder that is not a scenario is not replaced."""
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear")
    with pytest.raises(FolderNotWritable, match="holds no scenario"):
        write_scenario(small_scenario(), tmp_path / "letters")
    assert (tmp_path / "letters" / "love.txt").read_text() == "dear"


def test_writing_over_a_scenario_replaces_its_tables_and_keeps_other_files(folder):
    """Tables of the old scenario do not survive in the new one; a README beside them does."""
    (folder / "README.md").write_text("about")
    write_scenario(with_table(small_scenario(), "firm", TABLES["firm"].empty()), folder)
    assert not (folder / "firm.csv").exists()
    assert (folder / "README.md").read_text() == "about"
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name]


def test_a_failed_writing_leaves_the_old_folder(folder):
    """If a table cannot be written the folder still holds the old scenario, and nothing lies beside it."""
    nested = small_scenario()["offers"].with_columns(pl.Series("list", [[1], [2], [3]]))
    with pytest.raises(pl.exceptions.ComputeError):
        write_scenario(with_table(small_scenario(), "offers", nested), folder)
    assert content(read_scenario(folder)) == content(small_scenario())
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name]


def test_damaged_folders_never_raise_a_foreign_error(folder):
    """However a text file is damaged, reading and checking end in findings or in an error of Concordat."""
    chance = random.Random(5)
    files = sorted(path for path in folder.iterdir() if path.suffix != ".parquet")
    pieces = [b"", b"-1", b"x", b",", b"\n", b"nan", b"1e999", b"null", b"[]", b"{}", b'"', b"99999999999999999999"]
    for _ in range(60):
        path = chance.choice(files)
        good = path.read_bytes()
        start = chance.randrange(len(good))
        path.write_bytes(good[:start] + chance.choice(pieces) + good[start + chance.randrange(6) :])
        try:
            scenario, findings = read_with_findings(folder)
            if scenario is not None:
                find_problems(scenario, findings)
        except ConcordatError:
            pass
        path.write_bytes(good)


@given(
    st.integers(-3, 20),
    st.lists(st.tuples(st.integers(-2, 20), st.integers(-2, 20)), max_size=4),
    st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | TEXTS, max_size=3),
)
@settings(max_examples=15, deadline=None)
def test_any_header_survives_writing_and_reading(periods, windows, assumptions):
    """Headers come back as they are, even those that validation refuses."""
    header = dataclasses.replace(
        small_scenario().header,
        horizon=Horizon(periods, 1, date(2024, 2, 29), tuple(windows)),
        assumptions=assumptions,
    )
    scenario = dataclasses.replace(small_scenario(), header=header)
    with tempfile.TemporaryDirectory() as place:
        write_scenario(scenario, Path(place) / "s")
        assert read_scenario(Path(place) / "s").header == header
    find_problems(scenario)


@pytest.mark.shared_data
def test_the_reference_scenario_reads_and_has_no_finding():
    """The large reference scenario is valid and its customers carry text ids and wide numbers."""
    path = Path(__file__).parents[4] / "shared" / "data" / "fmcg-loyalty"
    if not path.is_dir():
        pytest.skip("the reference data set ../shared/data is not beside the checkout")
    scenario, findings = read_with_findings(path)
    assert find_problems(scenario, findings) == ()
    assert scenario["customers"].height == 987_600
    assert scenario["customers"]["customer"][0] == "0"
    assert len(scenario.clauses) == sum(len(c["clauses"]) for c in json.loads((path / "contracts.json").read_text()))

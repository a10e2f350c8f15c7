"""Uploaded scenarios are kept under the hash of their content, and only scenarios are kept."""

from __future__ import annotations

import gzip
import io
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from planner.adapters.plan_store_folder import PlanFolders
from planner.adapters.random_ids import RandomIds
from planner.adapters.scenario_folder import write_scenario
from planner.adapters.scenario_store_folder import ScenarioFolders
from planner.domain.errors import NotFound, PlanUnreadable, ScenarioInvalid, ScenarioUnreadable, UploadRefused
from planner.domain.folder_files import PLAN_FILES, SCENARIO_FILES
from tests.scenario_builder import small_scenario


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """Return the files of a small scenario."""
    folder = tmp_path / "source"
    write_scenario(small_scenario(), folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def store(tmp_path: Path) -> ScenarioFolders:
    """Return an empty store."""
    return ScenarioFolders(tmp_path / "store", max_bytes=10_000_000)


def received(store: ScenarioFolders, files: dict[str, bytes]) -> str:
    """Store files and return the scenario's hash."""
    staged = store.stage()
    try:
        for file, data in files.items():
            staged.write(file, data[:7])
            staged.write(file, data[7:])
        return staged.commit()[0]
    finally:
        staged.discard()


def test_every_written_file_is_a_known_file(files: dict[str, bytes]) -> None:
    """What the writer of scenarios writes is what an upload takes."""
    assert set(files) <= set(SCENARIO_FILES)


def test_the_same_content_is_kept_once(store: ScenarioFolders, files: dict[str, bytes]) -> None:
    """Storing a scenario twice gives the same hash, one folder and no leftovers."""
    first = received(store, files)
    assert received(store, dict(reversed(files.items()))) == first
    assert [path.name for path in Path(store.folder(first)).parent.iterdir()] == [first]
    assert store.has(first)
    assert store.read(first).header.id == small_scenario().header.id


def test_a_scenario_made_here_is_kept_like_an_upload(store: ScenarioFolders, files: dict[str, bytes]) -> None:
    """Kept by its content it has the hash of the same files uploaded, and stands once, with nothing beside it."""
    kept, size = store.keep(small_scenario())
    assert store.keep(small_scenario()) == (kept, size)
    assert received(store, files) == kept
    assert size == sum(len(data) for data in files.values())
    assert [path.name for path in Path(store.folder(kept)).parent.iterdir()] == [kept]


@pytest.mark.parametrize(
    "file",
    ["../scenario.json", "/etc/passwd", "a/plants.csv", "plants.CSV", "..", "", "plants.csv\0", ".", "lock", "C:\\x"],
)
def test_a_file_that_is_no_part_of_a_scenario_is_refused(store: ScenarioFolders, tmp_path: Path, file: str) -> None:
    """Names with folders, roots or strange letters never reach the disk."""
    staged = store.stage()
    with pytest.raises(UploadRefused):
        staged.write(file, b"x")
    staged.discard()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_that_comes_twice_is_refused(store: ScenarioFolders) -> None:
    """The parts of a file belong together, or one upload could overwrite itself."""
    staged = store.stage()
    staged.write("plants.csv", b"a")
    staged.write("markets.csv", b"b")
    with pytest.raises(UploadRefused, match="twice"):
        staged.write("plants.csv", b"c")
    staged.discard()


def test_too_much_is_refused(tmp_path: Path) -> None:
    """All files together may not pass the limit."""
    staged = ScenarioFolders(tmp_path / "store", max_bytes=10).stage()
    staged.write("plants.csv", b"12345")
    with pytest.raises(UploadRefused, match="10 bytes"):
        staged.write("markets.csv", b"123456")
    staged.discard()


def bomb(rows: int, letters: int) -> bytes:
    """Return a small file of customers that is large once it is unpacked: many rows, or long names."""
    customers, packed = small_scenario()["customers"], io.BytesIO()
    first = customers.head(1).with_columns(pl.col("customer") + "x" * letters)
    pl.concat([first] * rows, rechunk=True).write_parquet(packed, compression="zstd", statistics=False)
    return packed.getvalue()


@pytest.mark.parametrize(("rows", "letters"), [(300_000, 0), (1, 11_000_000)], ids=["many rows", "a long name"])
def test_what_unpacks_beyond_the_limit_is_refused_unread(
    store: ScenarioFolders, files: dict[str, bytes], tmp_path: Path, rows: int, letters: int
) -> None:
    """A table packed into a hundredth of the limit is refused by its footer alone, and nothing of it stays."""
    packed = bomb(rows, letters)
    assert len(packed) < 100_000
    unreadable = packed[:4] + bytes(100) + packed[104:]
    with pytest.raises(UploadRefused, match="unpacked, is larger than the 10,000,000 bytes"):
        received(store, {**files, "customers.parquet": unreadable})
    assert list((tmp_path / "store").iterdir()) == []


def test_a_long_name_that_is_often_repeated_is_refused(store: ScenarioFolders, files: dict[str, bytes]) -> None:
    """Texts that stand in the file once and in the table again and again are counted as often as they stand there."""
    with pytest.raises(UploadRefused, match="unpacked, is larger than the 10,000,000 bytes"):
        received(store, {**files, "customers.parquet": bomb(1000, 20_000)})


def test_damaged_tables_are_refused_whatever_their_reader_makes_of_them(
    store: ScenarioFolders, files: dict[str, bytes], tmp_path: Path
) -> None:
    """Bytes changed in the footer end in an error of the business, also where the library panics over them."""
    whole, told = files["customers.parquet"], list[str]()
    for seed in range(300, 330):
        draw, damaged = random.Random(seed), bytearray(whole)
        for _ in range(3):
            damaged[len(whole) - 9 - draw.randrange(1000)] = draw.randrange(256)
        try:
            received(store, {**files, "customers.parquet": bytes(damaged)})
        except (ScenarioUnreadable, ScenarioInvalid) as error:
            told.append(str(error))
    assert len(told) > 10
    assert [words for words in told if str(tmp_path) in words] == []


def test_compressed_text_is_refused_by_its_name(store: ScenarioFolders, files: dict[str, bytes]) -> None:
    """A table that would be unpacked on the way, to whatever size, is not taken for a CSV file."""
    with pytest.raises(ScenarioUnreadable, match=r"^orders\.csv is compressed: send the table 'orders' as plain CSV"):
        received(store, {**files, "orders.csv": gzip.compress(files["orders.csv"])})


def test_what_is_no_scenario_is_not_kept(store: ScenarioFolders, files: dict[str, bytes], tmp_path: Path) -> None:
    """An unreadable header or a cell of another type leaves nothing behind."""
    with pytest.raises((ScenarioUnreadable, ScenarioInvalid)):
        received(store, files | {"scenario.json": b"{"})
    with pytest.raises(ScenarioInvalid) as refused:
        received(
            store, files | {"plants.csv": b"plant,region,\n", "orders.csv": files["orders.csv"] + b"x,,,,y,z,,,,\n"}
        )
    assert refused.value.findings
    assert list((tmp_path / "store").iterdir()) == []


def test_a_broken_file_is_named_as_its_sender_knows_it(
    store: ScenarioFolders, files: dict[str, bytes], tmp_path: Path
) -> None:
    """The message names the file, and no folder of the server."""
    with pytest.raises(ScenarioUnreadable, match=r"^orders\.csv ") as refused:
        received(store, {**files, "orders.csv": b'order\n"open'})
    assert str(tmp_path) not in str(refused.value)


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    """What an earlier process left half received is gone after the next start."""
    (tmp_path / ".receiving-abc").mkdir()
    (tmp_path / ".receiving-abc" / "plants.csv").write_bytes(b"half")
    ScenarioFolders(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_beside_another_process_nothing_that_is_being_received_is_touched(
    store: ScenarioFolders, files: dict[str, bytes], tmp_path: Path
) -> None:
    """A store that is not alone leaves what another one receives, which then is kept."""
    staged = store.stage()
    for file, data in files.items():
        staged.write(file, data)
    ScenarioFolders(tmp_path / "store", alone=False)
    assert store.has(staged.commit()[0])


NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def aged(store: ScenarioFolders, scenario: str, days: float) -> None:
    """Let a scenario have been asked for last so many days ago."""
    then = (NOW - days * DAY).timestamp()
    os.utime(store.folder(scenario), (then, then))


def test_only_old_scenarios_that_nobody_needs_are_removed(
    store: ScenarioFolders, files: dict[str, bytes], tmp_path: Path
) -> None:
    """What is needed, young, or no scenario stays; what a crash left goes, and the same content can come back."""
    scenario, root = received(store, files), tmp_path / "store"
    (root / "lost+found").mkdir()
    os.utime(root / "lost+found", (0, 0))
    aged(store, scenario, 3)
    assert store.remove_unused({scenario}, NOW - DAY) == ()
    assert store.remove_unused((), NOW - 4 * DAY) == ()
    (root / scenario).rename(root / f".removing-{scenario}")
    assert received(store, files) == scenario
    aged(store, scenario, 3)
    assert store.remove_unused((), NOW - DAY) == (scenario,)
    assert [path.name for path in root.iterdir()] == ["lost+found"]
    with pytest.raises(NotFound, match="not any more: upload it first"):
        store.folder(scenario)
    assert received(store, files) == scenario


@pytest.mark.parametrize("use", ["has", "folder", "read", "upload"])
def test_a_scenario_that_is_asked_for_is_young(store: ScenarioFolders, files: dict[str, bytes], use: str) -> None:
    """Whatever is done with a scenario keeps it as if it was new."""
    scenario = received(store, files)
    aged(store, scenario, 3)
    if use == "upload":
        received(store, files)
    else:
        getattr(store, use)(scenario)
    assert store.remove_unused((), NOW - DAY) == ()
    assert store.has(scenario)


@pytest.mark.parametrize("name", ["", "..", "0" * 63, "0" * 64, "../../etc", "A" * 64])
def test_an_unknown_scenario_is_not_found(store: ScenarioFolders, name: str) -> None:
    """Names that are no hash, or one of nothing, are not found and never become a path."""
    assert not store.has(name)
    with pytest.raises(NotFound):
        store.folder(name)


def test_a_plan_folder_is_empty_at_every_attempt(tmp_path: Path) -> None:
    """What an earlier attempt wrote is gone before the next one begins."""
    plans = PlanFolders(tmp_path)
    folder = Path(plans.prepare("p1"))
    (folder / "plan.json").write_text("{}")
    assert list(Path(plans.prepare("p1")).iterdir()) == []


def test_only_the_files_of_a_plan_are_given_away(tmp_path: Path) -> None:
    """Parts are read in the order of the format, the summary last, other files not at all."""
    plans = PlanFolders(tmp_path)
    folder = Path(plans.prepare("p1"))
    with pytest.raises(PlanUnreadable):
        list(plans.parts("p1"))
    for file in (*PLAN_FILES, "secret.txt"):
        (folder / file).write_bytes(b"" if file == "prices.csv" else b"x" * 1_500_000)
    parts = list(plans.parts("p1"))
    assert list(dict.fromkeys(file for file, _ in parts)) == list(PLAN_FILES)
    assert b"".join(data for file, data in parts if file == "plan.json") == b"x" * 1_500_000
    assert max(len(data) for _, data in parts) <= 1 << 20


@pytest.mark.parametrize("plan", ["", "..", "a/b", "A", "x" * 65])
def test_a_plan_id_never_becomes_another_path(tmp_path: Path, plan: str) -> None:
    """Ids with folders or strange letters are refused."""
    with pytest.raises(PlanUnreadable):
        PlanFolders(tmp_path).prepare(plan)


def test_ids_are_new_and_sort_by_age() -> None:
    """Ten thousand ids differ, are version 7 UUIDs, and their time never runs back."""
    ids = [RandomIds().new() for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert all(one[14] == "7" and one[19] in "89ab" and len(one) == 36 for one in ids)
    assert [one[:13] for one in ids] == sorted(one[:13] for one in ids)

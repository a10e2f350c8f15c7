"""The readers of public formats: what they read, how they name what is wrong, and that no text breaks them."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances.clsp import read_clsp
from benchmarks.instances.gap import read_gap
from benchmarks.instances.mmkp import read_mmkp
from benchmarks.instances.references import read_known, read_references
from solvers.coordination.block_files import read_block_mip, read_blocks
from solvers.coordination.block_problem import MASTER
from solvers.core.errors import InstanceUnreadable
from solvers.network.mps_reader import read_mps, read_mps_data

CLSP = """ 2 3
 1
 90
 1.00 0.80 17. 37.
 2.00 1.00  8. 25.
 0 10
 5 20
 7 30

 Bi hi su
"""
GAP = " 2 3\n 1 2 3 4\n 5 6\n 7 8 9 10 11 12\n 20 30\n"
MMKP = """ 2 2 1
 9
 1
 3.00 4
 5.50 6
 2
 7.00 2
 8.00 5
 Solutions by Exact Solution
 1 0 12.5
"""
MPS = """NAME small
ROWS
 N cost
 L hours1
 L hours2
 G demand
COLUMNS
    MARKER 'MARKER' 'INTORG'
    x1 cost 3 hours1 2
    x1 demand 1
    x2 cost 4 hours2 3
    x2 demand 1
    MARKER 'MARKER' 'INTEND'
    short cost 10 demand 1
RHS
    RHS hours1 4 hours2 6
    RHS demand 3
BOUNDS
 UP BND x1 5
 UP BND x2 5
ENDATA
"""
BLOCK = "0 0\n1 1\n"
REFERENCES = '{"gap/a": {"sense": "min", "value": 12.5, "status": "optimal"}}'

Reader = Callable[[Path], object]

READERS: dict[str, tuple[str, str, Reader]] = {
    "clsp": (CLSP, "X1", read_clsp),
    "gap": (GAP, "a1", read_gap),
    "mmkp": (MMKP, "I1", read_mmkp),
    "mps": (MPS, "small.mps", read_mps),
    "block": (BLOCK, "small.block", lambda path: read_blocks(path, rows=3)),
    "references": (REFERENCES, "references.json", lambda path: read_references(path.parent)),
}


def _file(folder: Path, kind: str, text: str) -> Path:
    path = folder / READERS[kind][1]
    path.write_text(text, encoding="utf-8")
    return path


def test_a_lot_sizing_file_is_read(tmp_path: Path) -> None:
    """Items' rows, demand turned to items by periods, and remarks after it arrive as the format says."""
    data = read_clsp(_file(tmp_path, "clsp", CLSP))
    assert (data.items, data.periods, data.unit_cost, data.capacity) == (2, 3, 1.0, 90.0)
    np.testing.assert_array_equal(data.use, [1.0, 2.0])
    np.testing.assert_array_equal(data.holding, [0.8, 1.0])
    np.testing.assert_array_equal(data.setup_time, [17.0, 8.0])
    np.testing.assert_array_equal(data.setup_cost, [37.0, 25.0])
    np.testing.assert_array_equal(data.demand, [[0.0, 5.0, 7.0], [10.0, 20.0, 30.0]])


def test_demand_of_more_than_fifteen_items_comes_in_column_blocks(tmp_path: Path) -> None:
    """With 17 items the demand of the last two follows after all periods of the first fifteen."""
    demand = np.arange(34.0).reshape(17, 2)
    lines = ["17 2", "1", "500", *["1 1 1 1"] * 17]
    for block in (slice(0, 15), slice(15, 17)):
        lines += [" ".join(f"{x:g}" for x in demand[block, t]) for t in range(2)]
    np.testing.assert_array_equal(read_clsp(_file(tmp_path, "clsp", "\n".join(lines))).demand, demand)


def test_an_assignment_file_is_read(tmp_path: Path) -> None:
    """Cost and use are by agent, wherever the lines break."""
    data = read_gap(_file(tmp_path, "gap", GAP))
    np.testing.assert_array_equal(data.cost, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(data.use, [[7, 8, 9], [10, 11, 12]])
    np.testing.assert_array_equal(data.capacity, [20, 30])


def test_a_knapsack_file_is_read(tmp_path: Path) -> None:
    """Values and uses stand by class and item, and solutions after them are passed over."""
    data = read_mmkp(_file(tmp_path, "mmkp", MMKP))
    np.testing.assert_array_equal(data.value, [[3, 5.5], [7, 8]])
    np.testing.assert_array_equal(data.use, [[[4], [6]], [[2], [5]]])
    np.testing.assert_array_equal(data.capacity, [9])


@pytest.mark.parametrize("ending", [".mps", ".mps.gz"])
def test_a_block_model_is_read_packed_or_not(tmp_path: Path, ending: str) -> None:
    """Listed rows and their columns belong to blocks; the other row, and the column in it alone, link."""
    path = _file(tmp_path, "mps", MPS)
    _file(tmp_path, "block", BLOCK)
    if ending == ".mps.gz":
        path = path.with_name("small.mps.gz")
        path.write_bytes(gzip.compress(MPS.encode()))
    mip = read_block_mip(path)
    assert mip.blocks == 2
    np.testing.assert_array_equal(mip.row_block, [0, 1, MASTER])
    np.testing.assert_array_equal(mip.column_block, [0, 1, MASTER])
    assert mip.model.row_names == ("hours1", "hours2", "demand")
    assert mip.model.column_names == ("x1", "x2", "short")


def test_references_are_read_with_their_precision(tmp_path: Path) -> None:
    """An optimal value is its own bound, and half a unit of the last digit given is the precision."""
    text = REFERENCES[:-1] + ', "block/b": {"sense": "max", "value": 3, "bound": 4.25, "status": "open", "by": "us"}}'
    references = read_references(_file(tmp_path, "references", text).parent)
    optimal, still_open = references["gap/a"], references["block/b"]
    assert (optimal.value, optimal.bound, optimal.precision) == (12.5, 12.5, 0.05)
    assert (still_open.sense, still_open.value, still_open.bound) == ("max", 3.0, 4.25)
    assert still_open.precision == pytest.approx(0.005)


def test_an_instance_comes_with_its_reference(tmp_path: Path) -> None:
    """References are found by the file's name without its endings, and a folder without any has none."""
    (tmp_path / "block").mkdir()
    (tmp_path / "block" / "b.mps").write_text(MPS, encoding="utf-8")
    assert read_known(tmp_path, "block/b.mps", read_mps_data).reference is None
    _file(tmp_path, "references", '{"block/b": {"sense": "min", "value": 9, "status": "optimal"}}')
    known = read_known(tmp_path, "block/b.mps", read_mps_data).reference
    assert known is not None
    assert known.value == 9.0
    with pytest.raises(InstanceUnreadable, match="--data"):
        read_known(None, "block/b.mps", read_mps_data)


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "told"),
    [
        ("clsp", " 90\n", " ninety\n", r"X1, line 3: expected .*'ninety'"),
        ("clsp", " 7 30\n", " 7\n", r"X1, line 10: expected demand .* found 'Bi'"),
        ("clsp", " 7 30\n", " 7 30 4\n", r"X1, line 8: expected the end of the file, found '4'"),
        ("clsp", " 5 20\n", " -5 20\n", r"X1, line 7: demand .* must not be negative"),
        ("clsp", " 2 3\n", " 2.5 3\n", r"X1, line 1: the number of items must be a whole number"),
        ("gap", " 20 30\n", " 20\n", r"a1, line 5: the file ends where capacity of agent 2 of 2"),
        ("gap", " 20 30\n", " 20 nan\n", r"a1, line 5: .*'nan', which is not finite"),
        ("gap", " 2 3\n", " 2 0\n", r"a1, line 1: the number of jobs must be a whole number"),
        ("mmkp", " 2\n 7.00", " 3\n 7.00", r"I1, line 6: expected the number of class 2, found 3"),
        ("mps", "demand 3\n", "demands 3\n", r"small.mps, line 17 \(RHS\): cannot read 'RHS demands 3'"),
        ("mps", "x1 cost 3", "x1 cost nan", r"small.mps, line 9 \(COLUMNS\)"),
        ("mps", " L hours2", " L hours1", r"small.mps, line 5 \(ROWS\)"),
        ("mps", "ENDATA\n", "", r"small.mps, last line: no ENDATA"),
        ("mps", "NAME small\nROWS\n", "", r"small.mps, line 1 \(before any section\)"),
        ("block", "1 1\n", "1 3\n", r"small.block, line 2: the model has rows 0 to 2"),
        ("block", "1 1\n", "1 0\n", r"small.block, line 2: row 0 is in block 0 already"),
        ("block", "1 1\n", "1 -1\n", r"small.block, line 2: expected a block and a row"),
        ("references", '"min"', '"least"', r"entry 'gap/a': sense must be"),
        ("references", "12.5", '"12.5"', r"entry 'gap/a': value and bound must be numbers"),
        ("references", "12.5", "1e999", r"entry 'gap/a': value and bound must be finite"),
        ("references", "}}", "}", r"references.json, line 1: not JSON"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, kind: str, right: str, wrong: str, told: str) -> None:
    """A damaged file is refused with its name, the place, what was expected and what to do."""
    text, _, read = READERS[kind]
    assert right in text
    with pytest.raises(InstanceUnreadable, match=told) as refused:
        read(_file(tmp_path, kind, text.replace(right, wrong)))
    assert any(cure in str(refused.value) for cure in ("correct", "again", "give"))


@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path, kind: str) -> None:
    """Absent files and bytes that are no text are refused by name; absent references only mean that there are none."""
    _, name, read = READERS[kind]
    if kind != "references":
        with pytest.raises(InstanceUnreadable, match=f"{name}: cannot be read"):
            read(tmp_path / name)
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InstanceUnreadable, match=f"{name}: not a text file"):
        read(tmp_path / name)


@pytest.mark.parametrize("size", [0, 9, 30, -8, -1])
def test_a_damaged_packed_file_is_named(tmp_path: Path, size: int) -> None:
    """A packed model that is cut off, or whose bytes changed, is refused as damaged."""
    path = tmp_path / "small.mps.gz"
    whole = gzip.compress(MPS.encode())
    path.write_bytes(whole[:size])
    with pytest.raises(InstanceUnreadable, match=r"small\.mps\.gz"):
        read_mps(path)
    path.write_bytes(whole[:20] + bytes(byte ^ 0x5A for byte in whole[20:30]) + whole[30:])
    with pytest.raises(InstanceUnreadable, match=r"small\.mps\.gz"):
        read_mps(path)


def test_a_column_in_two_blocks_is_named(tmp_path: Path) -> None:
    """A block file that tears a column apart is refused, with the column's name."""
    path = _file(tmp_path, "mps", MPS.replace("hours1 2", "hours1 2 hours2 1").replace("cost 3 ", ""))
    _file(tmp_path, "block", BLOCK)
    with pytest.raises(InstanceUnreadable, match=r"small\.block: column x1 stands in two blocks"):
        read_block_mip(path)
    with pytest.raises(InstanceUnreadable, match=r"\.mps"):
        read_block_mip(path.with_name("small.txt"))


@st.composite
def _damaged(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a kind and its text, cut off and with a part of it replaced."""
    kind = draw(st.sampled_from(sorted(READERS)))
    text = READERS[kind][0]
    text = text[: draw(st.integers(0, len(text)))]
    first = draw(st.integers(0, len(text)))
    junk = st.text(st.sampled_from("0123456789.-+eEINFna '\"\n\t{}[]:,RHSOWCLUMBD_\x00é"), max_size=12)
    wild = st.sampled_from(["1e308", "-1e308", "inf", "nan", "9" * 30, "1e99999", "0x1p3", "\x0c", "\u2028", "٣"])
    return kind, text[:first] + draw(junk | wild) + text[first + draw(st.integers(0, 12)) :]


@settings(max_examples=1200, deadline=None)
@given(_damaged())
def test_no_damaged_text_breaks_a_reader(damaged: tuple[str, str]) -> None:
    """Whatever a file holds, a reader returns an instance or refuses the file by name, and does nothing else."""
    kind, text = damaged
    _, name, read = READERS[kind]
    with tempfile.TemporaryDirectory() as folder:
        path, told = _file(Path(folder), kind, text), None
        try:
            read(path)
        except InstanceUnreadable as refused:
            told = str(refused)
    assert told is None or name in told

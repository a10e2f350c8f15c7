"""Results of a what-if run as Parquet: a file per case as each ends, whole or not at all, and all in one at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

import polars as pl

from planner.adapters.folder_swap import NO_ROOM
from planner.domain.case_measures import CASE_MEASURES, PARTNER_MEASURES
from planner.domain.errors import FolderFull, FolderNotWritable, PlanUnreadable
from planner.domain.plan import VALUE_PARTS
from planner.ports.planning_runtime import Outcome
from planner.ports.what_if import CaseResult, ClauseOutcome

RESULTS, RUN_FILE, TOGETHER = "results", "run.json", "results.parquet"
UNANSWERED = (Outcome.FAILED.value, Outcome.NO_PLAN_YET.value)
"""How a case ended that more seconds, or another try, may answer."""
_DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What reading a damaged file ends in; a panic of the library is no `Exception`."""
_TEXT, _NUMBER = pl.String(), pl.Float64()
_CLAUSE = pl.Struct({"clause": _TEXT, "window": pl.Int64(), "measure": _NUMBER, "violation": _NUMBER, "price": _NUMBER})
_MEASURES = tuple(measure.name for measure in CASE_MEASURES)
_AMOUNTS = tuple(measure.name for measure in PARTNER_MEASURES)
_PARTNER = pl.Struct({"partner": _TEXT, **dict.fromkeys(_AMOUNTS, _NUMBER)})
SCHEMA: dict[str, pl.DataType] = {
    "key": _TEXT,
    "name": _TEXT,
    "levels": pl.List(pl.Struct({"factor": _TEXT, "level": _TEXT})),
    "outcome": _TEXT,
    "stopped_by": _TEXT,
    "value": _NUMBER,
    "bound_proved": _NUMBER,
    "bound_checked": _NUMBER,
    "seconds": _NUMBER,
    "cpu_seconds": _NUMBER,
    **dict.fromkeys(VALUE_PARTS, _NUMBER),
    **dict.fromkeys(_MEASURES, _NUMBER),
    "partners": pl.List(_PARTNER),
    "clauses": pl.List(_CLAUSE),
    "plan_hash": _TEXT,
    "bound_hash": _TEXT,
    "code_hash": _TEXT,
    "detail": _TEXT,
}
"""The columns of a result; parts of the value and measures stand in columns of their own."""

_LATER = frozenset({*_MEASURES, "partners", "bound_hash"})
"""Columns that results of older versions have not; there nothing is known of them."""


class ParquetCaseStore:
    """The folder of a what-if run; see :class:`planner.ports.what_if.CaseStore`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._results = folder / RESULTS

    def claim(
        self,
        run: Mapping[str, object],
        *,
        beside: Mapping[str, object] | None = None,
        unless_noted: Mapping[str, object] | None = None,
    ) -> None:
        """Note what this run depends on, or check that the run which stands here depends on the same.

        What stands ``beside`` that is noted too, and may change from one run to the next. ``unless_noted`` is what runs
        of versions depended on that did not note it yet.

        Raises
        ------
        FolderNotWritable
            If the folder holds something else, was made under other conditions, or cannot be written.
        """
        noted = self.folder / RUN_FILE
        if noted.exists():
            earlier = {**(unless_noted or {}), **_read_json(noted)}
            other = [name for name in run if earlier.get(name) != run[name]]
            if other:
                told = "; ".join(f"{name} was {earlier.get(name)!r}, now {run[name]!r}" for name in other)
                raise FolderNotWritable(f"{self.folder} holds a run made otherwise ({told}): name another folder")
        elif self.folder.exists() and any(entry.name != "lock" for entry in self.folder.iterdir()):
            raise FolderNotWritable(f"{self.folder} is not empty and holds no {RUN_FILE}: name another folder")
        _writing(self._results, lambda: self._results.mkdir(parents=True, exist_ok=True))
        _write(noted, json.dumps({**run, **(beside or {})}, indent=1, sort_keys=True).encode())

    def claimed(self) -> Mapping[str, object]:
        """Return what the run noted of itself.

        Raises
        ------
        PlanUnreadable
            If the folder holds no run.
        """
        if not (self.folder / RUN_FILE).is_file():
            raise PlanUnreadable(f"{self.folder} holds no what-if run: name the folder of `concordat whatif run --out`")
        return _read_json(self.folder / RUN_FILE)

    def done(self) -> frozenset[str]:
        """Return the keys of all cases whose results stand here."""
        return frozenset(file.stem for file in self._results.glob("*.parquet"))

    def keep(self, result: CaseResult) -> None:
        """Write a result whole, and be sure of it.

        Raises
        ------
        FolderNotWritable
            If it cannot be written: :class:`FolderFull` for want of room.
        """
        row = pl.DataFrame([_row(result)], schema=SCHEMA, orient="row")
        _write_frame(row, self._results / f"{result.key}.parquet")

    def forget_failures(self) -> int:
        """Remove results of cases that failed or found no plan in time, to have them asked anew; return how many."""
        failed = self.read().filter(pl.col("outcome").is_in(UNANSWERED))["key"].to_list()
        for key in failed:
            (self._results / f"{key}.parquet").unlink(missing_ok=True)
        return len(failed)

    def put_together(self) -> Path:
        """Write all results into one file, ordered by their names, and return its place."""
        _write_frame(self.read().sort("name", "key"), self.folder / TOGETHER)
        return self.folder / TOGETHER

    def write_beside(self, table: pl.DataFrame, name: str) -> None:
        """Write a table about the results into the folder; raises as :meth:`keep` does."""
        _write_frame(table, self.folder / name)

    def read(self) -> pl.DataFrame:
        """Return all results: columns as in `SCHEMA`.

        Raises
        ------
        PlanUnreadable
            If the folder is no run, or a file of it is damaged.
        """
        self.claimed()
        frames = [_read(file) for file in sorted(self._results.glob("*.parquet"))]
        return pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)

    def result(self, key: str) -> CaseResult:
        """Return the result of one case.

        Raises
        ------
        PlanUnreadable
            If it is not there, or damaged.
        """
        return _result(_read(self._results / f"{key}.parquet").row(0, named=True))

    def results(self) -> tuple[CaseResult, ...]:
        """Return all results in the order of their names; raises as :meth:`read` does."""
        return tuple(_result(row) for row in self.read().sort("name", "key").iter_rows(named=True))


def _read(file: Path) -> pl.DataFrame:
    """Return the row of a file with all columns of `SCHEMA`, null where an older version wrote it.

    Raises
    ------
    PlanUnreadable
        If it is not there, or damaged.
    """
    try:
        there = pl.read_parquet_schema(file)
        known = {name: kind for name, kind in SCHEMA.items() if name in there or name not in _LATER}
        row = pl.read_parquet(file, schema=known)
    except _DAMAGE as error:
        cause = str(error).strip().splitlines()[0]
        raise PlanUnreadable(f"the result {file} is damaged ({cause}): remove it and run again") from error
    if row.height != 1:
        raise PlanUnreadable(f"the result {file} is damaged ({row.height} rows): remove it and run again")
    return row.select(
        pl.col(name) if name in known else pl.lit(None, dtype=SCHEMA[name]).alias(name) for name in SCHEMA
    )


def _row(result: CaseResult) -> dict[str, object]:
    content = asdict(result)
    numbers = {**content.pop("parts"), **content.pop("measures")}
    content["levels"] = [{"factor": name, "level": level} for name, level in result.levels.items()]
    content["partners"] = [{"partner": name, **amounts} for name, amounts in result.partners.items()]
    return {name: content.get(name, numbers.get(name)) for name in SCHEMA}


def _result(row: Mapping[str, object]) -> CaseResult:
    content = {name: value for name, value in row.items() if name not in VALUE_PARTS and name not in _MEASURES}
    levels, clauses, partners = content["levels"], content["clauses"], content["partners"] or []
    if not isinstance(levels, list) or not isinstance(clauses, list) or not isinstance(partners, list):
        raise TypeError("levels, clauses and partners are lists in every result")
    content["bound_hash"] = content["bound_hash"] or ""
    content["levels"] = {pair["factor"]: pair["level"] for pair in levels}
    content["clauses"] = tuple(ClauseOutcome(**clause) for clause in clauses)
    content["partners"] = {each["partner"]: {name: each[name] for name in _AMOUNTS} for each in partners}
    return CaseResult(**content, parts=_numbers(row, VALUE_PARTS), measures=_numbers(row, _MEASURES))  # type: ignore[arg-type]  # the columns of SCHEMA are its fields


def _numbers(row: Mapping[str, object], names: tuple[str, ...]) -> dict[str, float]:
    return {name: value for name in names if isinstance(value := row[name], float)}


def _read_json(file: Path) -> Mapping[str, object]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderNotWritable(f"{file} cannot be read: {error}; name another folder") from error
    return content if isinstance(content, dict) else {}


def _write_frame(frame: pl.DataFrame, file: Path) -> None:
    content = BytesIO()
    frame.write_parquet(content)
    _write(file, content.getvalue())


def _write(file: Path, content: bytes) -> None:
    """Write a file whole: under another name first, then on disk, then in its place."""
    fresh = file.with_suffix(f".{os.getpid()}.part")

    def written() -> None:
        with fresh.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(file)

    _writing(file, written)


def _writing(place: Path, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        kind = FolderFull if error.errno in NO_ROOM else FolderNotWritable
        raise kind(
            f"cannot write {place}: {error.strerror or error}; check the disk and the folder's rights"
        ) from error

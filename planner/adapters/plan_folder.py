"""A plan as a folder: its tables as CSV or Parquet, and ``plan.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from planner.adapters.folder_swap import replacing_folder
from planner.domain.errors import PlanUnreadable
from planner.domain.plan import PLAN_PARQUET_TABLES, PLAN_TABLES, Plan
from planner.domain.plan_form import canonical_tables

SUMMARY_FILE = "plan.json"


def read_plan(folder: Path) -> Plan:
    """Read a plan folder; the frames hold exactly the numbers written.

    Raises
    ------
    PlanUnreadable
        If a file is missing, is no table of that name, or some cell has another type.
    """
    if not folder.is_dir():
        raise PlanUnreadable(f"{folder} is not a folder; name the folder that holds {SUMMARY_FILE}")
    path = folder / SUMMARY_FILE
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanUnreadable(f"{path} cannot be opened: {error.strerror}; plan again") from error
    except (ValueError, RecursionError) as error:
        raise PlanUnreadable(f"{path} is not JSON: {error}; plan again") from error
    if not isinstance(summary, dict):
        raise PlanUnreadable(f"{path} must hold a JSON object; plan again")
    return Plan({name: _read_table(folder, name) for name in PLAN_TABLES}, summary)


def write_plan(plan: Plan, folder: Path) -> None:
    """Write a plan in canonical order and decimals; numbers that are not finite become null in ``plan.json``.

    Raises
    ------
    FolderNotWritable
        If the folder cannot be written or holds something else.
    """
    with replacing_folder(folder, marker=SUMMARY_FILE) as fresh:
        for name, frame in canonical_tables(plan.tables).items():
            if name in PLAN_PARQUET_TABLES:
                frame.write_parquet(_table_file(fresh, name), compression="zstd")
            else:
                frame.write_csv(_table_file(fresh, name))
        text = json.dumps(_finite(plan.summary), indent=1, ensure_ascii=False, allow_nan=False)
        (fresh / SUMMARY_FILE).write_text(text + "\n", encoding="utf-8")


def _table_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.{'parquet' if name in PLAN_PARQUET_TABLES else 'csv'}"


def _read_table(folder: Path, name: str) -> pl.DataFrame:
    path = _table_file(folder, name)
    types = PLAN_TABLES[name]
    try:
        if name in PLAN_PARQUET_TABLES:
            return pl.read_parquet(path).select([pl.col(column).cast(dtype) for column, dtype in types.items()])
        return pl.read_csv(path, schema_overrides=types).select(list(types))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        cause = str(error).strip().splitlines()[0]
        raise PlanUnreadable(f"{path} cannot be read as the plan table {name!r}: {cause}; plan again") from error


def _finite(value: object) -> object:
    """Return JSON content with null in place of numbers that JSON does not know."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value

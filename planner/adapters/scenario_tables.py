"""Tables of `concordat.scenario/1` from and to CSV and Parquet, in the types that the schema declares."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from planner.domain.errors import ScenarioUnreadable
from planner.domain.finding import Finding
from planner.domain.schema import PARQUET_TABLES, POLARS_TYPE, Column, Kind, Presence, Table

_WHOLE = 2.0**53
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""How files begin that polars would unpack by itself, to whatever size: gzip, zstd, zlib."""
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def table_file(folder: Path, table: Table) -> Path:
    """Return the file that holds a table."""
    return folder / f"{table.name}.{'parquet' if table.name in PARQUET_TABLES else 'csv'}"


def read_table(folder: Path, table: Table) -> tuple[pl.DataFrame, list[Finding]]:
    """Read one table; cells of another type become null and a finding each.

    Declared columns come first, in declared order and type; further columns are kept where the table is open-ended,
    typed by their content. Empty cells of ``DEFAULT`` columns are filled.

    Raises
    ------
    ScenarioUnreadable
        If a mandatory table is missing or the file cannot be parsed.
    """
    path = table_file(folder, table)
    if not path.is_file():
        if table.optional:
            return table.empty(), []
        raise ScenarioUnreadable(
            f"{path} is missing; every scenario needs the table {table.name!r}, if only its header"
        )
    try:
        raw = _read_parquet(path, table) if table.name in PARQUET_TABLES else _read_csv(path, table)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, UnicodeError) as error:
        # What panics over a damaged file tells of its own inside, and is no `Exception` that a door would translate.
        damaged = isinstance(error, pl.exceptions.PanicException)
        cause = "its content is damaged" if damaged else str(error).strip().splitlines()[0]
        raise ScenarioUnreadable(f"{path} cannot be read: {cause}; export the table {table.name!r} again") from error
    return _conform(raw, table)


def write_table(frame: pl.DataFrame, folder: Path, table: Table) -> None:
    """Write one table; an optional table without rows is left out."""
    if table.optional and frame.is_empty():
        return
    if table.name in PARQUET_TABLES:
        frame.write_parquet(table_file(folder, table), compression="zstd")
        return
    # An empty text and no text are the same cell in CSV: one spelling keeps the bytes the same.
    blank = [pl.col(name).replace("", None) for name, dtype in frame.schema.items() if dtype == pl.String]
    frame.with_columns(blank).write_csv(table_file(folder, table))


def _read_parquet(path: Path, table: Table) -> pl.DataFrame:
    """Decode and spell the columns side by side: polars alone takes them one after the other."""
    texts = {column.name for column in table.columns if column.kind is Kind.TEXT}
    names = [name for name in pl.read_parquet_schema(path) if table.open_ended or name in table.column_names]

    def read_column(name: str) -> pl.Series:
        series = pl.read_parquet(path, columns=[name]).to_series()
        return _text(series) if name in texts and not series.dtype.is_nested() else series

    with ThreadPoolExecutor() as threads:
        return pl.DataFrame(list(threads.map(read_column, names)))


def _read_csv(path: Path, table: Table) -> pl.DataFrame:
    """Read typed, or where a cell does not fit its type, everything as text."""
    declared = {column.name: POLARS_TYPE[column.kind] for column in table.columns}
    with path.open("rb") as file:
        if file.read(4).startswith(_PACKED):
            raise ScenarioUnreadable(f"{path} is compressed: send the table {table.name!r} as plain CSV")
    try:
        frame = pl.read_csv(path, schema_overrides=declared, infer_schema_length=0)
    except pl.exceptions.ComputeError:
        frame = pl.read_csv(path, infer_schema=False)
    further = [name for name in frame.columns if name not in declared] if table.open_ended else []
    return frame.with_columns(_inferred(frame[name]) for name in further)


def _inferred(text: pl.Series) -> pl.Series:
    """Type a further column by its content; numbers with leading zeros or a plus sign are codes and stay text."""
    text = text.replace("", None)
    code = text.str.contains(r"^\s*(\+|-?0\d)").any()
    for dtype in () if code else (pl.Int64(), pl.Float64()):
        number = text.cast(dtype, strict=False)
        if number.null_count() == text.null_count() < len(text):
            return number
    truth = text.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    return truth if truth.null_count() == text.null_count() < len(text) else text


def _conform(raw: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, list[Finding]]:
    findings = _column_findings(raw, table)
    columns = []
    for column in table.columns:
        if column.name in raw.columns:
            series, found = _typed(raw[column.name], column, table.name)
            findings += found
        else:
            series = pl.Series(column.name, [None] * raw.height, dtype=POLARS_TYPE[column.kind])
        if column.presence is Presence.DEFAULT and series.null_count():
            series = series.fill_null("" if column.kind is Kind.TEXT else 0)
        columns.append(series)
    for name in raw.columns if table.open_ended else ():
        if name in table.column_names:
            continue
        plain = _plain(raw[name])
        if plain is None:
            message = "a further column must hold numbers, texts, truth values or dates"
            findings.append(Finding(table.name, None, name, "type", str(raw.schema[name]), message))
        else:
            columns.append(plain)
    return pl.DataFrame(columns), findings


def _column_findings(raw: pl.DataFrame, table: Table) -> list[Finding]:
    """Name missing columns; a further column is only suspicious where a declared one is missing."""
    absent = [column for column in table.columns if column.name not in raw.columns]
    unknown = [name for name in raw.columns if name not in table.column_names]
    findings = [
        Finding(table.name, None, column.name, "missing-column", "", "this column must be there")
        for column in absent
        if column.presence is Presence.REQUIRED
    ]
    if absent and unknown and not table.open_ended:
        names = ", ".join(column.name for column in absent)
        findings += [
            Finding(table.name, None, name, "unknown-column", name, f"no such column; not given: {names}")
            for name in unknown
        ]
    return findings


def _typed(series: pl.Series, column: Column, table: str) -> tuple[pl.Series, list[Finding]]:
    target = POLARS_TYPE[column.kind]
    if series.dtype == target:
        return series, []
    typed = _cast(series, column.kind)
    if typed.null_count() == series.null_count():
        return typed, []
    lost = (typed.is_null() & series.is_not_null()).arg_true()
    values = series.gather(lost).cast(pl.String, strict=False).to_list()
    message = f"must be {_EXPECTED[column.kind]}"
    return typed, [
        Finding(table, row, column.name, "type", str(value), message)
        for row, value in zip(lost.to_list(), values, strict=True)
        if value != "" or column.presence is Presence.REQUIRED
    ]


_EXPECTED = {
    Kind.TEXT: "text",
    Kind.INTEGER: "a whole number",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
}


def _cast(series: pl.Series, kind: Kind) -> pl.Series:
    """Convert to the declared type; what does not fit becomes null."""
    if series.dtype.is_nested():
        return pl.Series(series.name, [None] * len(series), dtype=POLARS_TYPE[kind])
    if kind is Kind.BOOLEAN:
        return series.cast(pl.String).str.to_lowercase().replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
    if kind is Kind.INTEGER and not series.dtype.is_integer():
        number = series.cast(pl.Float64, strict=False)
        # Spreadsheets write 3 as 3.0; a fraction, or more than a double holds exactly, is not a whole number.
        whole = (number.round() == number) & (number.abs() < _WHOLE)
        return number.set(~whole.fill_null(value=False), None).cast(pl.Int64, strict=False)
    return _text(series) if kind is Kind.TEXT else series.cast(POLARS_TYPE[kind], strict=False)


def _text(series: pl.Series) -> pl.Series:
    """Convert to text; categories are few, so each is spelled once and then gathered."""
    if not isinstance(series.dtype, pl.Categorical | pl.Enum):
        return series.cast(pl.String, strict=False)
    categories = series.unique().drop_nulls()
    codes = categories.to_physical()
    spelled = dict(zip(codes.to_list(), categories.cast(pl.String).to_list(), strict=True))
    names = [spelled.get(code) for code in range(max(spelled, default=-1) + 1)]
    return pl.Series(series.name, names, dtype=pl.String).gather(series.to_physical())


def _plain(series: pl.Series) -> pl.Series | None:
    """Return a further column as plain text, number, truth value or date; None where it is none of these."""
    dtype = series.dtype
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Null):
        return _cast(series, Kind.TEXT)
    known = isinstance(dtype, pl.String | pl.Boolean | pl.Date | pl.Datetime | pl.Time) or dtype.is_numeric()
    return series if known else None

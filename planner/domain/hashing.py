"""What makes two scenarios, or two plans, the same: SHA-256 over typed content, in the order of the keys.

File formats, row order, the width of a number's type and the spelling of a cell do not enter a hash; every value does.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import polars as pl

from planner.domain.clauses import Contract
from planner.domain.plan import DECISION_TABLES, PLAN_KEYS, PLAN_TABLES
from planner.domain.plan_form import canonical_table
from planner.domain.scenario import Scenario
from planner.domain.schema import PARQUET_TABLES, TABLES

_LATER = frozenset({"lane_closures", "recipe_closures"})
"""Tables that joined the format when there were scenarios already: without rows they leave a hash as it was."""


class _Digest:
    """A SHA-256 that takes labelled parts, so that no two different contents give the same stream of bytes."""

    def __init__(self, purpose: str) -> None:
        self._sha = hashlib.sha256()
        self.add(purpose, b"")

    def add(self, label: str, content: bytes) -> None:
        name = label.encode()
        self._sha.update(len(name).to_bytes(8, "little") + name + len(content).to_bytes(8, "little"))
        self._sha.update(content)

    def hexdigest(self) -> str:
        return self._sha.hexdigest()


def scenario_hash(scenario: Scenario) -> str:
    """Return the SHA-256 (hex) of a scenario's typed content.

    Independent of the order of rows, contracts, clauses and rules, and of empty text against no text.
    """
    digest = _Digest("concordat.scenario/1")
    rules = sorted([rule.id, rule.effect, rule.when] for rule in scenario.eligibility)
    contracts = sorted((_contract_content(contract) for contract in scenario.contracts), key=_json)
    digest.add("header", _json(dataclasses.asdict(scenario.header)))
    digest.add("eligibility", _json(rules))
    digest.add("contracts", _json(contracts))
    for name, table in TABLES.items():
        frame = scenario[name]
        if name in _LATER and frame.is_empty():
            continue
        further = sorted(column for column in frame.columns if column not in table.column_names)
        if name not in PARQUET_TABLES:
            # In CSV a further column has no type but its text: 1.0 written and read again must stay the same content.
            frame = frame.with_columns(pl.col(further).cast(pl.String))
        _add_frame(digest, name, frame.select([*table.column_names, *further]), table.key)
    return digest.hexdigest()


def plan_hash(tables: Mapping[str, pl.DataFrame], *, canonical: bool = False) -> str:
    """Return the SHA-256 (hex) of a plan's decision tables in canonical order and decimals.

    Rows of quantity 0 do not enter; see :func:`planner.domain.plan_form.canonical_table`. Who knows that the tables are
    in that form already says ``canonical``: millions of rows need not be sorted again.
    """
    digest = _Digest("concordat.plan/1")
    for name in DECISION_TABLES:
        frame = tables[name] if canonical else canonical_table(name, tables[name])
        _add_frame(digest, name, frame.select(list(PLAN_TABLES[name])), PLAN_KEYS[name], is_sorted=True)
    return digest.hexdigest()


def table_hash(name: str, frame: pl.DataFrame, *, canonical: bool = False) -> str:
    """Return the SHA-256 (hex) of one plan table in its canonical form, decision table or not."""
    digest = _Digest(f"concordat.plan/1 {name}")
    table = frame if canonical else canonical_table(name, frame)
    _add_frame(digest, name, table, PLAN_KEYS[name], is_sorted=True)
    return digest.hexdigest()


SEAL = "summary_hash"
"""The key of `plan.json` that holds the hash of everything else in it."""


def sealed(summary: Mapping[str, object]) -> dict[str, object]:
    """Return the content of `plan.json` with its seal, so that any number changed in it is noticed."""
    return {**summary, SEAL: summary_hash(summary)}


def summary_hash(summary: Mapping[str, object]) -> str:
    """Return the SHA-256 of the content of `plan.json` without its seal, the same before writing and after reading."""
    content = {name: value for name, value in summary.items() if name != SEAL}
    return hashlib.sha256(_json(json.loads(_json(content)))).hexdigest()


def _contract_content(contract: Contract) -> dict[str, object]:
    content = dataclasses.asdict(contract)
    clauses = [{"kind": clause.kind, **dataclasses.asdict(clause)} for clause in contract.clauses]
    content["clauses"] = sorted(clauses, key=_json)
    return content


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, default=_plain, ensure_ascii=False).encode()


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"cannot hash a value of type {type(value).__name__}: {value!r}")


def _add_frame(digest: _Digest, name: str, frame: pl.DataFrame, key: Sequence[str], *, is_sorted: bool = False) -> None:
    digest.add(f"table {name}", frame.height.to_bytes(8, "little"))
    ordered = frame if is_sorted else frame.sort(key, maintain_order=True)
    for series in ordered.iter_columns():
        _add_series(digest, series)


def _add_series(digest: _Digest, series: pl.Series) -> None:
    """Add a column: numbers as 64-bit little endian, text as lengths and bytes, nulls as a mask."""
    dtype = series.dtype
    if dtype.is_integer():
        values = series.fill_null(0).to_numpy().astype("<i8")
    elif dtype.is_float() or dtype.is_decimal():
        # Adding 0.0 makes -0.0 the same number as 0.0.
        values = series.cast(pl.Float64).fill_null(0.0).fill_nan(float("nan")).to_numpy().astype("<f8") + 0.0
    elif dtype == pl.Boolean:
        values = series.fill_null(value=False).to_numpy().astype("u1")
    else:
        text = series.cast(pl.String).fill_null("")
        digest.add(f"lengths {series.name}", text.str.len_bytes().to_numpy().astype("<u4").tobytes())
        digest.add(f"text {series.name}", str(text.str.join("").item() or "").encode())
        return
    nulls = np.packbits(series.is_null().to_numpy()).tobytes() if series.null_count() else b""
    digest.add(f"nulls {series.name}", nulls)
    digest.add(f"{values.dtype.str} {series.name}", np.ascontiguousarray(values).tobytes())

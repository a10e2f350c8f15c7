"""A scenario as a folder of CSV, JSON and Parquet files, as an ERP exports it.

Reading never stops at the first wrong cell: what does not fit becomes a finding, and the rest is still read, so that
one pass shows everything that has to be corrected.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from planner.adapters.contracts_json import CONTRACTS_FILE, contracts_document, parse_contracts
from planner.adapters.folder_swap import replacing_folder
from planner.adapters.scenario_json import (
    ELIGIBILITY_FILE,
    HEADER_FILE,
    dump_json,
    eligibility_document,
    header_document,
    load_json,
    parse_eligibility,
    parse_header,
)
from planner.adapters.scenario_tables import read_table, write_table
from planner.domain.errors import ScenarioInvalid, ScenarioUnreadable
from planner.domain.finding import Finding
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES


def read_scenario(folder: Path, *, customers: bool = True) -> Scenario:
    """Read a scenario whose every cell has its declared type; ``customers=False`` leaves that table empty.

    References, ranges and sums are not checked here: see ``planner.verification.findings.find_problems``.

    Raises
    ------
    ScenarioUnreadable
        If the folder or one of its files cannot be read.
    ScenarioInvalid
        If some cell or field has another type; ``findings`` names them all.
    """
    scenario, findings = read_with_findings(folder, customers=customers)
    if scenario is None or findings:
        raise ScenarioInvalid(str(folder), findings)
    return scenario


def read_with_findings(folder: Path, *, customers: bool = True) -> tuple[Scenario | None, tuple[Finding, ...]]:
    """Read a scenario as far as it can be read, with a finding for each cell or field of another type.

    Such cells are null in the scenario, such clauses left out. The scenario is None only where the header gives no
    horizon.

    Raises
    ------
    ScenarioUnreadable
        If the folder or one of its files cannot be read.
    """
    if not folder.is_dir():
        raise ScenarioUnreadable(f"{folder} is not a folder; name the folder that holds {HEADER_FILE}")
    header, findings = parse_header(load_json(folder / HEADER_FILE))
    tables, found = _read_tables(folder, customers=customers)
    findings += found
    rules, found = parse_eligibility(load_json(folder / ELIGIBILITY_FILE, optional=True))
    findings += found
    contracts, found = parse_contracts(load_json(folder / CONTRACTS_FILE, optional=True))
    findings += found
    scenario = None if header is None else Scenario(header, tables, rules, contracts)
    return scenario, tuple(findings)


def _read_tables(folder: Path, *, customers: bool) -> tuple[dict[str, pl.DataFrame], list[Finding]]:
    """Read every table; the customers, larger than all others together, in a thread of their own."""
    with ThreadPoolExecutor(1) as aside:
        reading = aside.submit(read_table, folder, TABLES["customers"]) if customers else None
        read = {name: read_table(folder, table) for name, table in TABLES.items() if name != "customers"}
        read["customers"] = reading.result() if reading else (TABLES["customers"].empty(), [])
    return {name: read[name][0] for name in TABLES}, [finding for name in TABLES for finding in read[name][1]]


def write_scenario(scenario: Scenario, folder: Path) -> None:
    """Write a scenario; the same scenario gives the same bytes, and reading it gives the same content.

    Raises
    ------
    FolderNotWritable
        If the folder cannot be written or holds something else.
    """
    with replacing_folder(folder, marker=HEADER_FILE) as fresh:
        dump_json(header_document(scenario.header), fresh / HEADER_FILE)
        dump_json(eligibility_document(scenario.eligibility), fresh / ELIGIBILITY_FILE)
        dump_json(contracts_document(scenario.contracts), fresh / CONTRACTS_FILE)
        for table in TABLES.values():
            write_table(scenario[table.name], fresh, table)

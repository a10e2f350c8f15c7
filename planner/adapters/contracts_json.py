"""``contracts.json`` from and to JSON; a clause that does not parse is a finding, not a crash."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import get_type_hints

from planner.adapters.scenario_json import FieldReader, json_entries
from planner.domain.clauses import CLAUSE_KINDS, Clause, Contract, RebateTier
from planner.domain.finding import Finding

CONTRACTS_FILE = "contracts.json"

_CONTRACT_FIELDS = ("id", "partner", "version", "effective_from", "effective_to", "clauses")
_FROM_CONTRACT = frozenset({"id", "contract", "partner", "effective_from", "effective_to", "each_window", "penalty"})
_DECLARED = {name: get_type_hints(kind) for name, kind in CLAUSE_KINDS.items()}


def parse_contracts(content: object) -> tuple[tuple[Contract, ...], list[Finding]]:
    """Return the contracts with every clause that could be read, and the findings against the others."""
    entries, findings = json_entries(content, CONTRACTS_FILE)
    contracts = []
    for row, entry in entries:
        contract, found = _parse_contract(entry, row)
        contracts.append(contract)
        findings += found
    return tuple(contracts), findings


def _parse_contract(entry: Mapping[str, object], row: int) -> tuple[Contract, list[Finding]]:
    fields = FieldReader(entry, CONTRACTS_FILE, row)
    fields.refuse_unknown(_CONTRACT_FIELDS)
    contract = Contract(
        id=fields.text("id"),
        partner=fields.text("partner"),
        version=fields.integer("version", 1),
        effective_from=fields.day("effective_from"),
        effective_to=fields.day("effective_to"),
        clauses=(),
    )
    clauses = []
    for position, item in enumerate(fields.items("clauses")):
        if not isinstance(item, dict):
            fields.refuse("clauses", "json-type", f"entry {position} must be an object")
            continue
        path = f"clauses[{item.get('id') or position}]."
        clause, found = _parse_clause(FieldReader(item, CONTRACTS_FILE, row, path=path), contract)
        fields.findings += found
        if clause is not None:
            clauses.append(clause)
    return dataclasses.replace(contract, clauses=tuple(clauses)), fields.findings


def _parse_clause(fields: FieldReader, contract: Contract) -> tuple[Clause | None, list[Finding]]:
    kind = CLAUSE_KINDS.get(fields.text("kind"))
    if kind is None:
        fields.refuse("kind", "clause-kind", f"no such clause kind; known are {', '.join(CLAUSE_KINDS)}")
        return None, fields.findings[-1:]
    own = [field.name for field in dataclasses.fields(kind) if field.name not in _FROM_CONTRACT]
    fields.refuse_unknown(("id", "kind", "windows", "penalty", *own))
    windows = fields.text("windows", "horizon")
    if windows not in {"each", "horizon"}:
        fields.refuse("windows", "clause-windows", "must be 'each' or 'horizon'")
    values = {name: _own_field(fields, kind, name) for name in own}
    clause = kind(
        id=fields.text("id"),
        contract=contract.id,
        partner=contract.partner,
        effective_from=contract.effective_from,
        effective_to=contract.effective_to,
        each_window=windows == "each",
        penalty=fields.number("penalty"),
        **values,
    )
    return (None if fields.findings else clause), fields.findings


def _own_field(fields: FieldReader, kind: type[Clause], name: str) -> object:
    """Read a field in the type that the clause's class declares for it."""
    readers: dict[object, Callable[[str], object]] = {
        str: fields.text,
        bool: fields.flag,
        float: partial(fields.number, required=True),
        tuple[str, ...]: fields.texts,
        tuple[int, ...]: partial(_periods, fields),
        tuple[RebateTier, ...]: partial(_tiers, fields),
    }
    return readers.get(_DECLARED[kind.kind][name], fields.number)(name)


def _periods(fields: FieldReader, name: str) -> tuple[int, ...]:
    values = fields.items(name)
    periods = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(periods) != len(values):
        fields.refuse(name, "json-type", "must be a list of periods")
    return tuple(periods)


def _tiers(fields: FieldReader, name: str) -> tuple[RebateTier, ...]:
    tiers = []
    for position, item in enumerate(fields.items(name)):
        if not isinstance(item, dict):
            fields.refuse(name, "json-type", f"entry {position} must be an object")
            continue
        tier = FieldReader(item, fields.file, fields.row, path=f"{fields.path}{name}[{position}].")
        tier.refuse_unknown(("from_quantity", "rate"))
        quantity, rate = tier.number("from_quantity", required=True), tier.number("rate", required=True)
        fields.findings += tier.findings
        if quantity is not None and rate is not None:
            tiers.append(RebateTier(quantity, rate))
    return tuple(tiers)


def contracts_document(contracts: Sequence[Contract]) -> list[dict[str, object]]:
    """Return the contracts as ``contracts.json`` holds them; what is not given is left out."""
    return [
        {
            "id": contract.id,
            "partner": contract.partner,
            "version": contract.version,
            "effective_from": contract.effective_from.isoformat() if contract.effective_from else None,
            "effective_to": contract.effective_to.isoformat() if contract.effective_to else None,
            "clauses": [_clause_document(clause) for clause in contract.clauses],
        }
        for contract in contracts
    ]


def _clause_document(clause: Clause) -> dict[str, object]:
    document: dict[str, object] = {
        "id": clause.id,
        "kind": clause.kind,
        "windows": "each" if clause.each_window else "horizon",
    }
    for field in dataclasses.fields(clause):
        value = getattr(clause, field.name)
        if field.name in _FROM_CONTRACT or value is None:
            continue
        if value and isinstance(value, tuple) and isinstance(value[0], RebateTier):
            value = [dataclasses.asdict(tier) for tier in value]
        document[field.name] = list(value) if isinstance(value, tuple) else value
    if clause.penalty is not None:
        document["penalty"] = clause.penalty
    return document

"""A scenario with one thing changed: a number, a name, a clause, a rule, a row."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import polars as pl

from planner.domain.scenario import EligibilityRule, Scenario
from planner.domain.schema import TABLES
from tests.scenario_builder import with_cell, with_table


def scenario_changes(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    """Give scenarios that differ in one thing: every table's columns, rows, header, contracts and eligibility."""
    yield from _cells(scenario)
    yield from _rows(scenario)
    yield from _header(scenario)
    yield from _contracts(scenario)
    yield from _rules(scenario)


def _cells(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    """One cell of every column that has a value: numbers by a little, texts by a letter."""
    for name in TABLES:
        frame = scenario[name]
        for column in frame.columns:
            filled = frame[column].is_not_null().arg_true().to_list()
            if not filled:
                continue
            row = filled[len(filled) // 2]
            old = frame[column][row]
            if isinstance(old, bool):
                new: object = not old
            elif isinstance(old, int):
                new = old + 1
            elif isinstance(old, float):
                new = old * (1 + 1e-9) + 1e-9
            else:
                new = f"{old}x"
            yield f"{name}[{row}].{column}: {old!r} → {new!r}", with_cell(scenario, name, row, column, new)


def _rows(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    for name in TABLES:
        frame = scenario[name]
        if frame.height:
            yield f"{name}: a row less", with_table(scenario, name, frame[1:])
            yield f"{name}: a row twice", with_table(scenario, name, pl.concat([frame, frame[:1]]))


def _header(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    header = scenario.header
    for name, value in (
        ("id", "other"),
        ("title", "other"),
        ("currency", "XXX"),
        ("provenance", "other"),
        ("seed", 99),
    ):
        changed = dataclasses.replace(header, **{name: value})
        yield f"scenario.json {name}", dataclasses.replace(scenario, header=changed)


def _contracts(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    for place, contract in enumerate(scenario.contracts):
        others = scenario.contracts[:place], scenario.contracts[place + 1 :]
        changed = [
            ("version", dataclasses.replace(contract, version=contract.version + 1)),
            ("a clause less", dataclasses.replace(contract, clauses=contract.clauses[1:])),
        ]
        for at, clause in enumerate(contract.clauses):
            penalty = 1.0 if clause.penalty is None else clause.penalty * (1 + 1e-9)
            mutant = dataclasses.replace(clause, penalty=penalty)
            clauses = (*contract.clauses[:at], mutant, *contract.clauses[at + 1 :])
            changed.append((f"penalty of {clause.id}", dataclasses.replace(contract, clauses=clauses)))
        for what, mutated in changed:
            contracts = (*others[0], mutated, *others[1])
            yield f"contract {contract.id}: {what}", dataclasses.replace(scenario, contracts=contracts)


def _rules(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    for place, rule in enumerate(scenario.eligibility):
        weaker = EligibilityRule(rule.id, rule.effect, f"({rule.when}) AND customer.tenure_days >= 0")
        rest = [*scenario.eligibility]
        rest[place] = weaker
        yield f"rule {rule.id}: weaker", dataclasses.replace(scenario, eligibility=tuple(rest))
        del rest[place]
        yield f"rule {rule.id}: left out", dataclasses.replace(scenario, eligibility=tuple(rest))

"""Which offers a customer may be given: the rules of ``eligibility.json`` evaluated on columns.

Offers are few and customers many, so every rule is specialised to each offer, equal specialisations are evaluated once
over all customers, and customers with equal answers share one pattern.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from planner.domain.eligibility import Eligibility
from planner.domain.errors import ScenarioInvalid
from planner.domain.finding import Finding
from planner.domain.scenario import Scenario
from planner.policy.conditions import ConditionRefused, Node, Type, expression, parse_condition

_SCOPES = {"customer": "customers", "offer": "offers", "segment": "segments"}
_BLOCK = 16  # columns packed at a time: 2^16 codes are counted by a table instead of a sort


def rule_findings(scenario: Scenario) -> list[Finding]:
    """Return what is wrong with the eligibility rules: syntax, unknown columns, types, effects, duplicate ids."""
    return _parse_rules(scenario)[1]


def eligibility_patterns(scenario: Scenario) -> Eligibility:
    """Return who may be given what; a rule that matches, or is unknown (NULL), forbids the pair.

    Patterns are numbered in an order that depends only on the scenario's content.

    Raises
    ------
    ScenarioInvalid
        If a rule is not a valid condition.
    """
    conditions, findings = _parse_rules(scenario)
    if findings:
        raise ScenarioInvalid(scenario.header.id, findings)
    offers = scenario["offers"].height
    specialised = [_specialise(condition, scenario["offers"]) for condition in conditions]
    distinct = list(dict.fromkeys(node for nodes in specialised for node in nodes if node.op != "literal"))
    place = {node: position for position, node in enumerate(distinct)}
    answers = _answers(scenario, distinct)
    pattern, codes = _distinct_rows(answers, scenario["customers"].height)
    allowed = np.ones((len(codes), offers), dtype=np.bool_)
    for nodes in specialised:
        for offer, node in enumerate(nodes):
            if node.op != "literal":
                allowed[:, offer] &= ~codes[:, place[node]]
            elif node.value is not False:
                allowed[:, offer] = False
    rows, merged = np.unique(allowed, axis=0, return_inverse=True)
    return Eligibility(merged.reshape(-1).astype(np.int32)[pattern], rows)


def _parse_rules(scenario: Scenario) -> tuple[list[Node], list[Finding]]:
    scopes = {scope: dict(scenario[table].schema) for scope, table in _SCOPES.items()}
    conditions, findings = [], []
    seen: set[str] = set()
    for row, rule in enumerate(scenario.eligibility):
        if rule.id in seen:
            findings.append(_finding(row, "id", "duplicate", rule.id, "this id is already taken by another rule"))
        seen.add(rule.id)
        if rule.effect != "forbid":
            findings.append(_finding(row, "effect", "eligibility-effect", rule.effect, "the only effect is 'forbid'"))
        try:
            conditions.append(parse_condition(rule.when, scopes))
        except ConditionRefused as refused:
            findings.append(_finding(row, "when", refused.rule, refused.value, refused.message))
    return conditions, findings


def _finding(row: int, column: str, rule: str, value: str, message: str) -> Finding:
    return Finding("eligibility.json", row, column, rule, value, message)


def _specialise(condition: Node, offers: pl.DataFrame) -> list[Node]:
    """Return the condition for each offer, with everything that depends on the offer alone worked out."""
    parts = list(dict.fromkeys(_offer_parts(condition)))
    frame = offers.rename({name: f"offer.{name}" for name in offers.columns})
    names = [str(position) for position in range(len(parts))]
    values = frame.with_columns(expression(part).alias(name) for name, part in zip(names, parts, strict=True)).select(
        names
    )
    known = [dict(zip(parts, row, strict=True)) for row in values.iter_rows()] if parts else [{}] * offers.height
    cache: dict[tuple[object, ...], Node] = {}
    result = []
    for answers in known:
        key = tuple(answers.values())
        if key not in cache:
            cache[key] = _fold(condition, answers)
        result.append(cache[key])
    return result


def _offer_parts(node: Node) -> Iterable[Node]:
    """Yield the largest parts that no customer and no segment enters."""
    if node.scopes() <= {"offer"}:
        yield node
        return
    for arg in node.args:
        yield from _offer_parts(arg)


def _fold(node: Node, known: dict[Node, object]) -> Node:
    """Replace known parts by their values and drop what AND, OR and NOT then decide."""
    if node in known:
        return Node("literal", node.type, value=known[node])
    args = tuple(_fold(arg, known) for arg in node.args)
    if node.op in {"and", "or"}:
        decisive = node.op == "or"
        if any(arg.op == "literal" and arg.value is decisive for arg in args):
            return Node("literal", Type.TRUTH, value=decisive)
        open_args = [arg for arg in args if not (arg.op == "literal" and arg.value is (not decisive))]
        if len(open_args) == 1:
            return open_args[0]
    if node.op == "not" and args[0].op == "literal":
        value = args[0].value
        return Node("literal", Type.TRUTH, value=None if value is None else not value)
    return Node(node.op, node.type, args, node.value)


def _answers(scenario: Scenario, conditions: list[Node]) -> list[npt.NDArray[np.bool_]]:
    """Return, per condition, which customers it forbids: those where it is true or unknown."""
    if not conditions:
        return []
    used = frozenset().union(*(node.columns() for node in conditions))
    customers = scenario["customers"]
    wanted = sorted(name for scope, name in used if scope == "customer")
    frame = customers.select([pl.col(name).alias(f"customer.{name}") for name in wanted])
    ours = sorted(name for scope, name in used if scope == "segment")
    if ours:
        columns = [pl.col(name).alias(f"segment.{name}") for name in ours]
        segments = scenario["segments"].select(pl.col("segment").alias("of"), *columns)
        keys = customers.select(pl.col("segment").alias("of"))
        joined = keys.join(segments, on="of", how="left", maintain_order="left")
        frame = frame.with_columns(joined.drop("of").get_columns()) if wanted else joined.drop("of")
    results = (
        frame.lazy()
        .select(expression(node).fill_null(value=True).alias(str(place)) for place, node in enumerate(conditions))
        .collect()
    )
    return [series.to_numpy() for series in results.iter_columns()]


def _distinct_rows(
    columns: list[npt.NDArray[np.bool_]], height: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the row number of each customer and the distinct rows of a table of booleans, in ascending order."""
    row = np.zeros(height, dtype=np.int64)
    distinct = np.zeros((min(height, 1), 0), dtype=np.bool_)
    for start in range(0, len(columns), _BLOCK):
        block = columns[start : start + _BLOCK]
        code = row << len(block)
        for bit, column in enumerate(block):
            code |= column.astype(np.int64) << (len(block) - 1 - bit)
        row, present = _compress(code, len(distinct) << len(block))
        bits = (present[:, None] >> np.arange(len(block) - 1, -1, -1)) & 1
        distinct = np.hstack([distinct[present >> len(block)], bits.astype(np.bool_)])
    return row, distinct


def _compress(code: npt.NDArray[np.int64], bound: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return each row's number among the codes that occur, in ascending order, and these codes."""
    if bound > 1 << 24:
        present, number = np.unique(code, return_inverse=True)
        return number.reshape(-1), present
    occurs = np.zeros(bound, dtype=np.bool_)
    occurs[code] = True
    number_of = np.cumsum(occurs) - 1
    return number_of[code], np.flatnonzero(occurs)

"""Who proved what, and what it takes to get the same plan again."""

from __future__ import annotations

from collections.abc import Mapping

from planner.console.figures import money, quantity
from planner.console.markup import Markup, element, join
from planner.console.page import Column, missing, section, table
from planner.console.reading import facts, items, number, record, text
from planner.domain.plan import Plan

_LONGEST_LIST = 50
_HASHES = ("plan_hash", "scenario_hash", "policies_hash", "parameters_hash", "code_hash")


def certificate_section(plan: Plan) -> Markup:
    """Return the proofs behind the two bounds and the certificate as it stands in the plan."""
    summary = plan.summary
    proofs, certificate = record(summary.get("proved_by")), record(summary.get("certificate"))
    if not proofs and not certificate:
        return missing("certificate", "Certificate")
    content = []
    if proofs:
        columns = (Column("What"), Column("Proved by"))
        rows = [(text(what), _plain(proof)) for what, proof in proofs.items()]
        content.append(table("Who proved what", columns, rows, classes="prose"))
    if certificate:
        content.append(element("h3", "Certificate as stored"))
        content.append(_nested(certificate))
    lead = (
        "The proved bound may use what solvers claim for single plants; the checked bound uses only what "
        "concordat verify recomputes from the stored prices without any solver."
    )
    return section("certificate", "Certificate", lead, *content)


def origin_section(plan: Plan) -> Markup:
    """Return where the data come from, the parameters asked for, and the hashes that identify everything."""
    summary, known = plan.summary, facts(plan)
    parameters = {**record(summary.get("limits")), **record(summary.get("parameters"))}
    rows: list[tuple[str, str]] = [
        (key.replace("_", " "), element("code", text(summary[key]))) for key in _HASHES if key in summary
    ]
    rows += [(text(name).replace("_", " "), _plain(value)) for name, value in parameters.items()]
    note = text(known.get("provenance"))
    content = [element("blockquote", note)] if note else []
    if rows:
        content.append(table("Parameters and hashes", (Column("Name"), Column("Value")), rows, classes="prose"))
    if not content:
        return missing("origin", "Data, parameters and hashes")
    lead = "Where the data come from, and what must be the same to get the same plan again."
    return section("origin", "Data, parameters and hashes", lead, *content)


def _nested(value: object) -> Markup:
    if isinstance(value, Mapping):
        pairs = [
            element("div", element("dt", text(name).replace("_", " ")), element("dd", _nested(inner)))
            for name, inner in value.items()
        ]
        return element("dl", *pairs, class_="nested")
    if isinstance(value, list | tuple):
        shown = [element("li", _nested(item)) for item in items(value)[:_LONGEST_LIST]]
        if len(value) > _LONGEST_LIST:
            shown.append(element("li", f"and {len(value) - _LONGEST_LIST} more", class_="missing"))
        return element("ul", *shown) if shown else join("none")
    return join(_plain(value))


def _plain(value: object) -> str:
    amount = number(value)
    if amount is None:
        return "not given" if value is None else text(value)
    return money(amount) if abs(amount) >= 1000 else quantity(amount)

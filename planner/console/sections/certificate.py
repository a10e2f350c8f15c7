"""Who proved what, and what it takes to get the same plan again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from planner.console.figures import counted, money, quantity
from planner.console.markup import Markup, element
from planner.console.page import Column, missing, section, table
from planner.console.reading import Record, facts, items, number, record, records, text
from planner.domain.plan import Plan

_HORIZON = "-1"
"""What stands for the window of a choice over the horizon."""
_MADE_WITH = {"stopped_at": "stopped at", "backends": "backend of", "libraries": "library"}
_HASHES = ("plan_hash", "scenario_hash", "policies_hash", "parameters_hash", "code_hash")


def certificate_section(plan: Plan) -> Markup:
    """Return the proofs behind the two bounds and the certificate as it stands in the plan."""
    summary = plan.summary
    proofs, certificate = record(summary.get("proved_by")), record(summary.get("certificate"))
    if not proofs and not certificate:
        return missing("certificate", "Certificate")
    content: list[Markup] = []
    if proofs:
        columns = (Column("What"), Column("Proved by"))
        rows = [(text(what), _plain(proof)) for what, proof in proofs.items()]
        content.append(table("Who proved what", columns, rows, classes="prose"))
    leaves = records(certificate.get("leaves"))
    if leaves:
        content += _leaves(leaves, record(certificate.get("choices")))
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
    rows += [
        (text(name).replace("_", " "), _plain(value))
        for name, value in parameters.items()
        if name != "stop" or value is not None
    ]
    for entry, kind in _MADE_WITH.items():
        rows += [(f"{kind} {text(name)}", text(value)) for name, value in record(summary.get(entry)).items()]
    note = text(known.get("provenance"))
    content = [element("blockquote", note)] if note else []
    if rows:
        content.append(table("Parameters and hashes", (Column("Name"), Column("Value")), rows, classes="prose"))
    if not content:
        return missing("origin", "Data, parameters and hashes")
    lead = "Where the data come from, and what must be the same to get the same plan again."
    return section("origin", "Data, parameters and hashes", lead, *content)


def _leaves(leaves: Sequence[Record], choices: Record) -> list[Markup]:
    columns = (
        Column("Leaf"),
        Column("Rebate tiers fixed"),
        Column("Checked bound", numeric=True),
        Column("Proved bound", numeric=True),
        Column("The proved bound rests on"),
    )
    rows = [
        (
            text(leaf.get("id")),
            _fixed_tiers(record(leaf.get("allowed")), choices),
            money(number(leaf.get("bound_checked"))),
            money(number(leaf.get("bound_proved"))),
            _sources(record(leaf.get("proved_by"))),
        )
        for leaf in sorted(leaves, key=lambda leaf: -(number(leaf.get("bound_proved")) or 0.0))
    ]
    note = "The leaves together allow every choice of rebate tiers; the plan's bound is the largest of them."
    return [
        element("h3", "Leaves of the search over rebate tiers"),
        element("p", note, class_="note"),
        table("Bounds per leaf, the largest first", columns, rows, classes="prose"),
    ]


def _fixed_tiers(allowed: Record, choices: Record) -> str:
    """Return the choices of a leaf that are narrower than all tiers, in words."""
    fixed = [
        f"{_choice(text(name))}: tier {' or '.join(text(tier) for tier in items(tiers))}"
        for name, tiers in allowed.items()
        if len(items(tiers)) != number(choices.get(name))
    ]
    return "; ".join(fixed) or "none"


def _choice(name: str) -> str:
    clause, _, window = name.rpartition("@")
    return clause if window == _HORIZON else f"{clause} in window {window}" if clause else name


def _sources(proved_by: Record) -> str:
    """Return who proved a leaf, agents of a kind with the same source counted together."""
    counts = Counter((text(agent).partition(":")[0], text(source)) for agent, source in proved_by.items())
    told = [f"{counted(count, kind)}: {source}" for (kind, source), count in counts.items()]
    return "; ".join(told) or "the checked bound"


def _plain(value: object) -> str:
    amount = number(value)
    if amount is None:
        return "not given" if value is None else text(value)
    return money(amount) if abs(amount) >= 1000 else quantity(amount)

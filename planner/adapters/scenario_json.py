"""The JSON files of a scenario, header and eligibility rules, with every wrong field as a finding."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from planner.domain.errors import ScenarioUnreadable
from planner.domain.finding import Finding
from planner.domain.horizon import Horizon
from planner.domain.scenario import EligibilityRule, ScenarioHeader
from planner.domain.schema import SCENARIO_SCHEMA

HEADER_FILE = "scenario.json"
ELIGIBILITY_FILE = "eligibility.json"

_HEADER_FIELDS = (
    "schema",
    "id",
    "title",
    "currency",
    "periods",
    "period_days",
    "start_date",
    "windows",
    "provenance",
    "assumptions",
    "seed",
)


def load_json(path: Path, *, optional: bool = False) -> object:
    """Return the content of a JSON file; an absent optional one is an empty list.

    Raises
    ------
    ScenarioUnreadable
        If the file is missing or is not JSON.
    """
    if optional and not path.exists():
        return []
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ScenarioUnreadable(f"{path} cannot be opened: {error.strerror}; export the scenario again") from error
    except (ValueError, RecursionError) as error:
        raise ScenarioUnreadable(f"{path} is not JSON: {error}; correct the file or export it again") from error


def dump_json(content: object, path: Path) -> None:
    """Write JSON, one field a line, the same bytes for the same content."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def json_entries(content: object, file: str) -> tuple[list[tuple[int, Mapping[str, object]]], list[Finding]]:
    """Return the objects of a JSON list with their positions, and findings for everything else."""
    if not isinstance(content, list):
        return [], [Finding(file, None, "", "json-type", _shown(content), "must be a list of objects")]
    entries: list[tuple[int, Mapping[str, object]]] = [
        (row, entry) for row, entry in enumerate(content) if isinstance(entry, dict)
    ]
    return entries, [
        Finding(file, row, "", "json-type", _shown(entry), "must be an object")
        for row, entry in enumerate(content)
        if not isinstance(entry, dict)
    ]


class FieldReader:
    """Reads typed fields of one JSON object, collecting a finding for each that is missing, wrong or unknown."""

    def __init__(self, entry: Mapping[str, object], file: str, row: int | None, *, path: str = "") -> None:
        self.entry = entry
        self.file = file
        self.row = row
        self.path = path
        self.findings: list[Finding] = []

    def refuse(self, field: str, rule: str, message: str) -> None:
        """Add a finding against a field."""
        value = _shown(self.entry[field]) if field in self.entry else ""
        self.findings.append(Finding(self.file, self.row, self.path + field, rule, value, message))

    def refuse_unknown(self, known: Sequence[str]) -> None:
        """Add a finding for every field that is not one of ``known``."""
        for field in self.entry:
            if field not in known:
                self.refuse(field, "unknown-field", f"no such field; known are {', '.join(known)}")

    def text(self, field: str, default: str | None = None) -> str:
        """Return a text field; without a default it must be there and not empty."""
        value = self.entry.get(field)
        if isinstance(value, str) and (value or default is not None):
            return value
        if value is not None or default is None:
            self._wrong(field, "a text" if default is not None else "a text that is not empty")
        return default or ""

    def integer(self, field: str, default: int | None = None) -> int:
        """Return a whole number."""
        value = self.entry.get(field)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is not None or default is None:
            self._wrong(field, "a whole number")
        return default or 0

    def number(self, field: str, *, required: bool = False) -> float | None:
        """Return a finite number, or None where it is not given."""
        value = self.entry.get(field)
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            if math.isfinite(number):
                return number
            self.refuse(field, "not-finite", "must be a finite number")
        elif value is not None or required:
            self._wrong(field, "a number")
        return None

    def flag(self, field: str) -> bool:
        """Return a boolean, false where it is not given."""
        value = self.entry.get(field, False)
        if isinstance(value, bool):
            return value
        self._wrong(field, "true or false")
        return False

    def day(self, field: str, *, required: bool = False) -> date | None:
        """Return an ISO date, or None where it is not given (null or empty)."""
        value = self.entry.get(field)
        if isinstance(value, str) and value:
            try:
                return date.fromisoformat(value)
            except ValueError:
                self._wrong(field, "a date like 2025-12-31")
                return None
        if required or not (value is None or value == ""):
            self._wrong(field, "a date like 2025-12-31")
        return None

    def items(self, field: str) -> list[object]:
        """Return a list that must be there."""
        value = self.entry.get(field)
        if isinstance(value, list):
            return value
        self._wrong(field, "a list")
        return []

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a list of texts that must be there."""
        values = self.items(field)
        if all(isinstance(value, str) for value in values):
            return tuple(str(value) for value in values)
        self._wrong(field, "a list of texts")
        return ()

    def _wrong(self, field: str, expected: str) -> None:
        missing = field not in self.entry
        self.refuse(field, "missing-field" if missing else "json-type", f"must be {expected}")


def parse_header(content: object) -> tuple[ScenarioHeader | None, list[Finding]]:
    """Return the header and the findings against it; None where no horizon can be made of it."""
    if not isinstance(content, dict):
        return None, [Finding(HEADER_FILE, None, "", "json-type", _shown(content), "must be an object")]
    fields = FieldReader(content, HEADER_FILE, None)
    fields.refuse_unknown(_HEADER_FIELDS)
    schema = fields.text("schema")
    if schema and schema != SCENARIO_SCHEMA:
        fields.refuse("schema", "schema", f"must be {SCENARIO_SCHEMA!r}")
    before = len(fields.findings)
    periods, days, start = fields.integer("periods"), fields.integer("period_days"), fields.day("start_date")
    if start is None and not any(finding.column == "start_date" for finding in fields.findings):
        fields.refuse("start_date", "missing-field", "must be a date like 2025-12-31")
    windows = _parse_windows(fields)
    usable = len(fields.findings) == before
    assumptions = content.get("assumptions", {})
    if not isinstance(assumptions, dict):
        fields.refuse("assumptions", "json-type", "must be an object")
        assumptions = {}
    texts = [fields.text("id"), fields.text("title", ""), fields.text("currency"), fields.text("provenance", "")]
    seed = fields.integer("seed", 0)
    if not usable or start is None:
        return None, fields.findings
    horizon = Horizon(periods, days, start, windows)
    header = ScenarioHeader(texts[0], texts[1], texts[2], horizon, texts[3], assumptions, seed)
    return header, fields.findings


def _parse_windows(fields: FieldReader) -> tuple[tuple[int, int], ...]:
    windows = []
    for window in fields.items("windows"):
        match window:
            case [int(first), int(last)] if not isinstance(first, bool) and not isinstance(last, bool):
                windows.append((first, last))
            case _:
                fields.refuse("windows", "json-type", "must be a list of pairs [first period, last period]")
                return ()
    return tuple(windows)


def header_document(header: ScenarioHeader) -> dict[str, object]:
    """Return the header as ``scenario.json`` holds it."""
    return {
        "schema": SCENARIO_SCHEMA,
        "id": header.id,
        "title": header.title,
        "currency": header.currency,
        "periods": header.horizon.periods,
        "period_days": header.horizon.period_days,
        "start_date": header.horizon.start_date.isoformat(),
        "windows": [list(window) for window in header.horizon.windows],
        "provenance": header.provenance,
        "assumptions": dict(header.assumptions),
        "seed": header.seed,
    }


def parse_eligibility(content: object) -> tuple[tuple[EligibilityRule, ...], list[Finding]]:
    """Return the rules of ``eligibility.json`` and the findings against their form."""
    entries, findings = json_entries(content, ELIGIBILITY_FILE)
    rules = []
    for row, entry in entries:
        fields = FieldReader(entry, ELIGIBILITY_FILE, row)
        fields.refuse_unknown(("id", "effect", "when"))
        rules.append(EligibilityRule(fields.text("id"), fields.text("effect"), fields.text("when")))
        findings += fields.findings
    return tuple(rules), findings


def eligibility_document(rules: Sequence[EligibilityRule]) -> list[dict[str, object]]:
    """Return the rules as ``eligibility.json`` holds them."""
    return [{"id": rule.id, "effect": rule.effect, "when": rule.when} for rule in rules]


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"

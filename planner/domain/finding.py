"""What is wrong with a scenario, said so that whoever exported it can find the cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PRINTED = 50
"""How many findings are printed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One violated rule of `concordat.scenario/1`.

    ``table`` is a table of the scenario or the name of a JSON file; ``row`` the 0-based data row (in a JSON list, the
    position in it), ``None`` where the finding concerns the table as a whole; ``column`` the column, or the path
    inside a JSON entry. ``rule`` is a stable identifier, ``value`` the offending value as text.
    """

    table: str
    row: int | None
    column: str
    rule: str
    value: str
    message: str

    def __str__(self) -> str:
        """Return the finding on one line."""
        place = self.table if self.row is None else f"{self.table}[{self.row}]"
        place = f"{place}.{self.column}" if self.column else place
        value = f" (value {self.value!r})" if self.value else ""
        return f"{place}: {self.rule}: {self.message}{value}"


def format_findings(findings: Sequence[Finding]) -> str:
    """Return the first :data:`PRINTED` findings, one a line, and how many there are."""
    count = len(findings)
    lines = [str(finding) for finding in findings[:PRINTED]]
    if count > PRINTED:
        lines.append(f"… and {count - PRINTED} more")
    lines.append(f"{count} finding{'' if count == 1 else 's'}")
    return "\n".join(lines)

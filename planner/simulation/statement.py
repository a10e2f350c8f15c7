"""What a generated scenario says about itself: which values are real, which are assumed, and every parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date

from planner.simulation.parameters import (
    ContractParameters,
    JourneyParameters,
    LoyaltyParameters,
    NetworkParameters,
    SyntheticParameters,
)

Parameters = ContractParameters | JourneyParameters | LoyaltyParameters | NetworkParameters | SyntheticParameters


def stated(real: Mapping[str, str], assumed: Mapping[str, str], *parameters: Parameters) -> dict[str, object]:
    """Return the assumptions of ``scenario.json``: texts per subject, and every parameter by its name."""
    values = {field.name: _json(getattr(group, field.name)) for group in parameters for field in fields(group)}
    return {"real": dict(real), "assumed": dict(assumed), "parameters": values}


def _json(value: object) -> object:
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value

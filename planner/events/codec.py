"""Events to the data of their envelopes and back, older versions lifted on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

from planner.domain.errors import StorageFailure
from planner.events.catalogue import CATALOGUE, Event
from planner.events.envelope import Envelope

Upcaster = Callable[[Mapping[str, object]], Mapping[str, object]]

VERSIONS: dict[str, int] = {**dict.fromkeys(CATALOGUE, 1), "PlanRequested": 3}
"""The version in which events of a type are written today."""

UPCASTERS: dict[tuple[str, int], Upcaster] = {
    # Before there were priorities all requests had the same, and nobody kept where they came from.
    ("PlanRequested", 1): lambda data: {"priority": 0, "trace": "", **data},
    ("PlanRequested", 2): lambda data: {"solver_logs": False, **data},
}
"""How data of (type, version) becomes data of the next version."""


def encode(event: Event) -> tuple[str, int, dict[str, object]]:
    """Return type, version and JSON-ready data of an event."""
    kind = type(event).__name__
    return kind, VERSIONS[kind], asdict(event)


def decode(envelope: Envelope) -> Event:
    """Return the event of an envelope.

    Raises
    ------
    StorageFailure
        If the type or version is not known here, as after a downgrade, or the data do not fit.
    """
    data = envelope.data
    # The data of an envelope are checked by the constructor below, not by their types.
    build: Callable[..., Event] | None = CATALOGUE.get(envelope.type)
    if build is None or envelope.version > VERSIONS[envelope.type]:
        raise StorageFailure(
            f"event {envelope.id} is a {envelope.type} of version {envelope.version}, which this release does not "
            "know: the log was written by a newer release; start that one"
        )
    for version in range(envelope.version, VERSIONS[envelope.type]):
        data = UPCASTERS[envelope.type, version](data)
    try:
        return build(**thawed(data))
    except TypeError as error:
        raise StorageFailure(f"event {envelope.id} of type {envelope.type} is damaged: {error}") from error


def thawed(data: Mapping[str, object]) -> dict[str, object]:
    """Return JSON data as the fields of an event have them: lists as tuples."""
    return {name: _frozen(value) for name, value in data.items()}


def _frozen(value: object) -> object:
    return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else value

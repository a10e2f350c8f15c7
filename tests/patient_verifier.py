"""A verifier that remembers, part by part, what it recomputed from the same objects: for many changes of one plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module

import pytest

from planner.domain.plan import DECISION_TABLES

Parts = Callable[..., tuple[object, ...]]


@contextmanager
def patient_verifier() -> Iterator[None]:
    """Let the verifier recompute only what rests on a table that has changed; every comparison is made all the same."""
    rests_on: dict[str, Parts] = {
        "planner.verification.check.recompute": lambda scenario, tables: (scenario, *_decisions(tables)),
        "planner.verification.check_summary.plan_hash": _decisions,
        "planner.verification.check_summary.table_hash": lambda name, frame: (name, frame),
        "planner.verification.check_summary.scenario_hash": lambda scenario: (scenario,),
        "actors.certify.formulate": lambda scenario, _: (scenario,),
        "actors.certify.eligibility_patterns": lambda scenario: (scenario,),
    }
    with pytest.MonkeyPatch.context() as patch:
        for place, parts in rests_on.items():
            module, _, name = place.rpartition(".")
            patch.setattr(place, _remembered(getattr(import_module(module), name), parts))
        yield


def _decisions(tables: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(tables[name] for name in DECISION_TABLES)


def _remembered(function: Callable[..., object], parts: Parts) -> Callable[..., object]:
    """Return the function, asked once for the same objects; ``parts`` are those its result rests on."""
    known: dict[tuple[object, ...], tuple[tuple[object, ...], object]] = {}

    def ask(*given: object) -> object:
        objects = parts(*given)
        key = tuple(one if isinstance(one, str) else id(one) for one in objects)
        if key not in known:
            # The objects are kept as well, so that no other one can take an identity over.
            known[key] = (objects, function(*given))
        return known[key][1]

    return ask

"""Which cases a run takes, which it leaves out and why, and wishes that cannot be fulfilled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.complaint import Complaint
from benchmarks.registry import Registry
from benchmarks.selection import Wish, select
from benchmarks.subject import Phase
from tests.benchmarks import bench_toys


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Return a registry of the toy subject and one that cannot be loaded."""
    entry = bench_toys.install(tmp_path, monkeypatch)
    return Registry(entries={"toy": entry}, broken={"rotten": "ImportError: no such thing"})


def _chosen(registry: Registry, **wish: Any) -> list[str]:
    chosen, _ = select(registry, Wish(**{"suite": "full", **wish}))
    return [case.name for choice in chosen for case, _ in choice.cases]


def test_public_instances_take_part_when_the_data_has_them(registry: Registry, tmp_path: Path) -> None:
    """A case with an instance is left out with its reason unless the folder holds it, whatever its endings."""
    _, left_out = select(registry, Wish(suite="full"))
    assert [(entry.case, entry.reason) for entry in left_out if not entry.broken] == [
        ("public", "instance toys/one needs --data")
    ]
    assert _chosen(registry, data=tmp_path) == ["small"]
    (tmp_path / "toys").mkdir()
    (tmp_path / "toys" / "one.mps.gz").touch()
    assert _chosen(registry, data=tmp_path) == ["small", "public"]


def test_filters_narrow_the_suite_and_names_reach_beyond_it(registry: Registry) -> None:
    """Phases narrow what is run, and a case in no suite runs when it is named."""
    assert _chosen(registry, suite="smoke") == ["small"]
    assert _chosen(registry, cases=["aside"]) == ["aside"]
    with pytest.raises(Complaint, match="nothing to run"):
        _chosen(registry, phases=[Phase.MEMORY], subjects=["toy"])


def test_a_subject_that_cannot_be_loaded_hides_no_other(registry: Registry) -> None:
    """A broken subject is left out with its error while the others run."""
    chosen, left_out = select(registry, Wish(suite="smoke"))
    assert [choice.subject.name for choice in chosen] == ["toy"]
    assert [(entry.subject, entry.broken) for entry in left_out] == [("rotten", True)]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"suite": "huge"}, "unknown suite 'huge'"),
        ({"subjects": ["nobody"]}, "unknown subject 'nobody'"),
        ({"cases": ["nothing"]}, "unknown case 'nothing'"),
        ({"data": Path("no/such/folder")}, "no data folder"),
        ({"scenario": Path("no/such/folder")}, "no scenario folder"),
        ({"time_limit": 0.0}, "above 0"),
    ],
)
def test_what_there_is_not_is_refused_in_one_sentence(registry: Registry, wish: dict[str, Any], words: str) -> None:
    """Unknown suites, subjects, cases and folders are named in the complaint."""
    with pytest.raises(Complaint, match=words):
        _chosen(registry, **wish)

"""Ray asks everyone for a token, and a process is never refused by a cluster that it started itself."""

from __future__ import annotations

import os

import pytest

from cluster.runtimes import guard_ray


def test_all_clusters_of_one_process_have_one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray keeps the token that it read first; one that somebody else set is not taken for clusters of our own."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    theirs = "of another cluster"
    monkeypatch.setenv("RAY_AUTH_TOKEN", theirs)
    guard_ray(own_cluster=False)
    assert os.environ["RAY_AUTH_TOKEN"] == theirs
    guard_ray(own_cluster=True)
    first = os.environ["RAY_AUTH_TOKEN"]
    assert len(first) == 64
    guard_ray(own_cluster=True)
    assert os.environ["RAY_AUTH_TOKEN"] == first

"""A server that cannot start says why, also when it was started by a command."""

from __future__ import annotations

import pytest

from cluster.child_server import child_server
from planner.domain.errors import ServerUnavailable


def test_a_wrong_backend_is_told_without_a_crash_of_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's own message is passed on, although a thread of it waits for its standard input."""
    monkeypatch.setenv("CONCORDAT_BACKEND", "abacus")
    told = r"'abacus'.*comes from CONCORDAT_BACKEND"
    with pytest.raises(ServerUnavailable, match=told) as refused, child_server("local"):
        pass
    assert "Fatal Python error" not in str(refused.value)
    assert "exit code 2" in str(refused.value)

"""Versions of agents and of the messages they understand: the matrix, and refusals that name both."""

from __future__ import annotations

import pytest

from actors.versions import (
    AGENT_VERSIONS,
    PROTOCOL,
    UNDERSTANDS,
    IncompatibleVersions,
    check_compatible,
    newest,
    versions,
)
from planner.domain.errors import InvalidRequest

PAIRS = [
    (kind, version, protocol)
    for kind, of_kind in UNDERSTANDS.items()
    for version in of_kind
    for protocol in range(1, PROTOCOL + 2)
]


@pytest.mark.parametrize(("kind", "version", "protocol"), PAIRS)
def test_an_agent_is_asked_only_in_what_it_understands(kind: str, version: int, protocol: int) -> None:
    """Each pair of the matrix is taken or refused as it says; a refusal names agent, version and protocol."""
    if protocol in UNDERSTANDS[kind][version]:
        check_compatible(f"{kind}:1", version=version, protocol=protocol)
        return
    with pytest.raises(IncompatibleVersions) as refused:
        check_compatible(f"{kind}:1", version=version, protocol=protocol)
    assert f"{kind}:1 of version {version}" in str(refused.value)
    assert f"speaks protocol {protocol}" in str(refused.value)


def test_the_newest_version_of_every_kind_understands_this_release() -> None:
    """Without an operator's choice every agent can be asked, and all versions can be upgraded to and rolled back."""
    for kind in UNDERSTANDS:
        check_compatible(f"{kind}:1", version=newest(kind), protocol=PROTOCOL)
        assert AGENT_VERSIONS[kind] == versions(kind) == tuple(sorted(UNDERSTANDS[kind]))
        for version in versions(kind):
            check_compatible(f"{kind}:1", version=version, protocol=PROTOCOL)


def test_a_version_of_another_release_is_refused_by_saying_which_there_are() -> None:
    """An agent that was upgraded by a newer release is not made by an older one under a wrong number."""
    with pytest.raises(IncompatibleVersions, match=r"version 9, which this release does not have \(it has 1, 2\)"):
        check_compatible("plant:1", version=9, protocol=PROTOCOL)
    with pytest.raises(InvalidRequest, match="plant, partner, segment"):
        newest("robot")

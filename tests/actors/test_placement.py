"""Which host holds which agent: evenly kind by kind, the same whoever asks, and nobody moves without need."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.placement import placed
from actors.versions import kind_of

NAMES = st.lists(
    st.builds("{}:{}".format, st.sampled_from(("plant", "partner", "segment")), st.integers(0, 400)),
    min_size=1,
    max_size=120,
    unique=True,
)
HOSTS = st.lists(st.builds("agents-{}".format, st.integers(0, 30)), min_size=1, max_size=8, unique=True)


@given(NAMES, HOSTS)
def test_no_host_holds_more_of_a_kind_than_its_share(names: list[str], hosts: list[str]) -> None:
    """Every agent has one of the hosts, and of every kind no host has more than its even share, rounded up."""
    found = placed(names, hosts)
    assert list(found) == names
    assert set(found.values()) <= set(hosts)
    load = Counter((kind_of(name), host) for name, host in found.items())
    for (kind, _), count in load.items():
        assert count <= -(-sum(kind_of(name) == kind for name in names) // len(hosts))


@given(NAMES, HOSTS, st.randoms(use_true_random=False))
def test_the_place_depends_on_names_only(names: list[str], hosts: list[str], random: object) -> None:
    """In whatever order agents and hosts are named, each agent has the same host."""
    found = placed(names, hosts)
    mixed_names, mixed_hosts = list(names), list(hosts)
    random.shuffle(mixed_names)  # type: ignore[attr-defined]  # hypothesis gives a Random
    random.shuffle(mixed_hosts)  # type: ignore[attr-defined]  # as above
    assert placed(mixed_names, mixed_hosts) == found


@given(NAMES, HOSTS.filter(lambda hosts: len(hosts) > 1), st.data())
def test_only_agents_of_the_lost_host_move(names: list[str], hosts: list[str], data: st.DataObject) -> None:
    """Where a host goes, its agents are spread over the others, evenly kind by kind, and all others stay."""
    found = placed(names, hosts)
    lost = data.draw(st.sampled_from(hosts))
    left = [host for host in hosts if host != lost]
    after = placed(names, left, kept=found)
    assert {name for name in names if after[name] != found[name]} == {name for name in names if found[name] == lost}
    load = Counter((kind_of(name), host) for name, host in after.items())
    for (kind, _), count in load.items():
        assert count <= -(-sum(kind_of(name) == kind for name in names) // len(left))


def test_most_agents_stay_where_they_are_when_a_host_comes_to_four() -> None:
    """A fifth host takes about a fifth of the agents; dealing them in turn would move four in five."""
    names = [f"plant:{number}" for number in range(500)]
    four = [f"agents-{number}" for number in range(4)]
    before, after = placed(names, four), placed(names, [*four, "agents-4"])
    assert sum(before[name] != after[name] for name in names) < 250


@pytest.mark.parametrize("hosts", [[], ["agents-0", "agents-0"]])
def test_agents_need_hosts_with_names_of_their_own(hosts: list[str]) -> None:
    """No host, or one that is named twice, is refused."""
    with pytest.raises(ValueError, match="at least one host"):
        placed(["plant:1"], hosts)

"""Which host holds which agent: rendezvous hashing with bounded loads, kind by kind.

Every agent ranks the hosts by a hash of both names, so that an agent finds the same host again whoever asks, and only
the agents of a host that is gone have to move (Thaler and Ravishankar 1998, Using name-based mappings to increase hit
rates). Hashes alone would leave some hosts with twice the work of others, and a round waits for the slowest: so no host
takes more agents of a kind than its even share, and an agent goes to the first host of its ranking that has room
(Mirrokni, Thorup, Zadimoghaddam 2018, Consistent hashing with bounded loads).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from actors.versions import kind_of


def placed(names: Sequence[str], hosts: Sequence[str], *, kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the host of every agent, by name.

    Agents that are ``kept`` on one of the hosts stay there; the others are placed in the order of their names.

    Raises
    ------
    ValueError
        If there is no host, or one is named twice.
    """
    if not hosts or len(set(hosts)) != len(hosts):
        raise ValueError(f"agents need at least one host, each named once; got {list(hosts)}")
    standing = {name: host for name, host in (kept or {}).items() if host in hosts}
    found = {name: standing[name] for name in names if name in standing}
    share = {kind: -(-count // len(hosts)) for kind, count in Counter(map(kind_of, names)).items()}
    load = Counter((kind_of(name), host) for name, host in found.items())
    for name in sorted(set(names) - set(found)):
        kind = kind_of(name)
        ranking = sorted(hosts, key=lambda host, of=name: (_rank(of, host), host))  # type: ignore[misc]  # of is a str
        # Kept agents may fill more than a share: then the least laden host takes what is left.
        host = next(
            (host for host in ranking if load[kind, host] < share[kind]),
            min(ranking, key=lambda host, of=kind: load[of, host]),  # type: ignore[misc]  # as above
        )
        found[name] = host
        load[kind, host] += 1
    return {name: found[name] for name in names}


def _rank(agent: str, host: str) -> str:
    return hashlib.sha256(f"{len(agent)} {agent} {host}".encode()).hexdigest()

"""What agents answer is looked at before it is believed: an agent may answer late, not at all, or with nonsense.

Nonsense is refused by name: a reply of another kind, to another question, of another length, or with numbers that are
none. The host that sent it is begun anew and asked once more, since an agent that knows its inputs alone answers as if
nothing had happened. An agent that has no answer even then has no bound, so that the bound of the whole stays one;
where a plan cannot go on without its answer, planning ends and says whose is missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import structlog

from actors.protocol import (
    AgentNetwork,
    AskPrice,
    Decide,
    Decided,
    Formulate,
    Formulated,
    Message,
    Priced,
    Realise,
    Realised,
    Recall,
    Recalled,
    Reply,
    Survey,
    Surveyed,
)
from planner.domain.errors import PlanningFailed

_REPLY_OF: Mapping[type[Message], type[Reply]] = {
    Survey: Surveyed,
    Formulate: Formulated,
    AskPrice: Priced,
    Recall: Recalled,
    Realise: Realised,
    Decide: Decided,
}
_NO_ANSWER = "no answer"

_log = structlog.get_logger("concordat.agents")


def fault(message: Message, reply: object) -> str:
    """Return what is wrong with a reply to a message; nothing if it may be believed."""
    kind = _REPLY_OF[type(message)]
    if not isinstance(reply, kind):
        told = "gave no answer to" if reply is None else f"answered with {type(reply).__name__}"
        return f"{told} {type(message).__name__}, which takes {kind.__name__}"
    if isinstance(message, AskPrice) and isinstance(reply, Priced):
        return _fault_of_bound(message, reply) or _fault_of_proposal(message, reply)
    if isinstance(reply, Recalled) and not _finite(reply.x):
        return "recalled shares that are no numbers"
    if isinstance(reply, Realised) and (len(reply.columns) != len(reply.values) or not _finite(reply.values)):
        return f"realised {len(reply.columns)} columns by {len(reply.values)} values, or by what is no number"
    return ""


def _fault_of_bound(asked: AskPrice, reply: Priced) -> str:
    if reply.answers != asked.question:
        return "answered another question than it was asked"
    if not isinstance(reply.bound, int | float) or math.isnan(reply.bound):
        return f"gave a bound that is no number: {reply.bound!r}"
    return ""


def _fault_of_proposal(asked: AskPrice, reply: Priced) -> str:
    if reply.worth is None and reply.activity is None:
        return ""
    if reply.worth is None or reply.activity is None:
        return "made a proposal of which one half is missing"
    if np.shape(reply.activity) != np.shape(asked.prices):
        return f"told {np.size(reply.activity)} activities for {len(asked.prices)} prices"
    if not math.isfinite(reply.worth) or not _finite(reply.activity):
        return "made a proposal whose worth or activity is no number"
    return ""


def _finite(values: object) -> bool:
    try:
        return bool(np.isfinite(np.asarray(values, dtype=np.float64)).all())
    except (TypeError, ValueError):
        return False


class RenewableNetwork(AgentNetwork, Protocol):
    """A network whose agents can be begun anew; an agent without an answer is left out of the replies."""

    def renew(self, names: Sequence[str]) -> None:
        """Begin these agents anew, from their inputs."""
        ...


class CheckedNetwork:
    """A network whose replies are believed only where they may be; see :class:`actors.protocol.AgentNetwork`."""

    def __init__(self, network: RenewableNetwork) -> None:
        self._network = network

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all agents."""
        return self._network.names

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver a round; an agent that has no answer to prices answers that it has no bound.

        Raises
        ------
        PlanningFailed
            If an agent has no answer to anything else.
        """
        replies = dict(self._network.ask(messages))
        faults = _faults(messages, replies)
        if not faults:
            return replies
        for name, what in faults.items():
            _log.warning("an agent's answer is refused", agent=name, what=what)
        self._network.renew(tuple(faults))
        replies.update(self._network.ask({name: messages[name] for name in faults}))
        for name, what in _faults(messages, replies).items():
            _log.warning("an agent's answer is refused again", agent=name, what=what)
            replies[name] = _without(name, messages[name], what)
        return {name: replies[name] for name in messages}


def _faults(messages: Mapping[str, Message], replies: Mapping[str, Reply]) -> dict[str, str]:
    found = {name: fault(message, replies.get(name)) for name, message in messages.items()}
    return {name: what for name, what in found.items() if what}


def _without(name: str, message: Message, what: str) -> Reply:
    """Return what an agent without an answer counts as."""
    if isinstance(message, AskPrice):
        return Priced(math.inf, _NO_ANSWER, answers=message.question)
    raise PlanningFailed(
        f"agent {name} {what}, also after its host was begun anew; see the logs of its host, then ask for the plan anew"
    )

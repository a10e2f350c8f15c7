"""A host whose agents misbehave when a file says so, in the real process of an actor.

The file is named by ``MISBEHAVIOUR_FILE`` and holds what to do with the next answers of plants to prices, and perhaps
``always``; without that it is done once.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from actors.agent_host import AgentHost
from actors.protocol import AskPrice, Decided, Message, Priced, Reply

FILE = "MISBEHAVIOUR_FILE"
SLOW_SECONDS = 600.0

GARBAGE: Mapping[str, Callable[[Priced], Reply]] = {
    "wrong-kind": lambda _: Decided({}),
    "wrong-question": lambda reply: replace(reply, answers="another"),
    "wrong-length": lambda reply: replace(reply, worth=1.0, activity=np.ones(1)),
    "no-number": lambda reply: replace(reply, bound=math.nan),
    # A bound that is too good, to a question that was not asked: believed, it would hide better plans.
    "false-bound": lambda reply: replace(reply, bound=-1e9, answers=""),
}


class MisbehavingHost(AgentHost):
    """An agent host that reads the file before every round of prices."""

    def handle(self, messages: Mapping[str, Message]) -> tuple[dict[str, Reply], dict[str, float]]:
        """Answer a round, or do what the file says."""
        replies, seconds = super().handle(messages)
        plants = [name for name, asked in messages.items() if isinstance(asked, AskPrice) and name.startswith("plant:")]
        told = self._told() if plants else ""
        if told == "silent":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif told == "slow":
            time.sleep(SLOW_SECONDS)
        elif told:
            for name in plants:
                reply = replies[name]
                assert isinstance(reply, Priced)
                replies[name] = GARBAGE[told](reply)
        return replies, seconds

    def _told(self) -> str:
        file = Path(os.environ[FILE])
        try:
            told, _, often = file.read_text(encoding="ascii").partition(" ")
            if not often:
                file.unlink()
        except FileNotFoundError:
            return ""
        return told

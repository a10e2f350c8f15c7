"""Replies that may not be believed: refused by name, asked for once more, and without harm to the bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from actors.checked_replies import CheckedNetwork, fault
from actors.protocol import AskPrice, Decided, Formulate, Message, Priced, Realise, Realised, Recall, Recalled, Reply
from planner.domain.errors import PlanningFailed

ASKED = AskPrice(np.array([1.0, 2.0, 3.0]), {}, nodes=5)
FAIR = Priced(10.0, "a solver", 4.0, np.array([1.0, 0.0, 2.0]), answers=ASKED.question)


class Stubborn:
    """Two agents, of which one answers by a rule until it was begun anew so many times."""

    names = ("plant:a", "plant:b")

    def __init__(self, wrong: Callable[[Message], Reply | None], *, cured_by: int) -> None:
        self._wrong, self._left = wrong, cured_by
        self.renewed: list[tuple[str, ...]] = []

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver a round."""
        replies: dict[str, Reply] = dict.fromkeys(messages, FAIR)
        if "plant:b" in messages and self._left > 0:
            wrong = self._wrong(messages["plant:b"])
            if wrong is None:
                del replies["plant:b"]
            else:
                replies["plant:b"] = wrong
        return replies

    def renew(self, names: Sequence[str]) -> None:
        """Begin agents anew."""
        self.renewed.append(tuple(names))
        self._left -= 1


GARBAGE = [
    pytest.param(Decided({}), "answered with Decided", id="wrong kind"),
    pytest.param(replace(FAIR, answers="another"), "another question", id="wrong question"),
    pytest.param(replace(FAIR, activity=np.ones(2)), "2 activities for 3 prices", id="wrong length"),
    pytest.param(replace(FAIR, activity=np.ones((3, 1))), "3 activities for 3 prices", id="wrong shape"),
    pytest.param(replace(FAIR, bound=math.nan), "no number", id="no bound"),
    pytest.param(replace(FAIR, worth=math.nan), "no number", id="no worth"),
    pytest.param(replace(FAIR, activity=np.array([1.0, math.nan, 0.0])), "no number", id="no activity"),
    pytest.param(replace(FAIR, activity=None), "one half", id="half a proposal"),
    pytest.param(replace(FAIR, bound="much"), "no number", id="words"),  # type: ignore[arg-type]  # what an agent sent
    pytest.param(None, "gave no answer", id="nothing"),
]


@pytest.mark.parametrize(("reply", "what"), GARBAGE)
def test_garbage_is_refused_by_name_and_asked_for_again(reply: Reply | None, what: str) -> None:
    """What an agent answers to prices is refused for its reason; begun anew, it is asked again and believed."""
    assert what in fault(ASKED, reply)
    network = Stubborn(lambda _: reply, cured_by=1)
    replies = CheckedNetwork(network).ask(dict.fromkeys(network.names, ASKED))
    assert list(replies.values()) == [FAIR, FAIR]
    assert network.renewed == [("plant:b",)]


@pytest.mark.parametrize(("reply", "what"), GARBAGE)
def test_an_agent_that_goes_on_with_garbage_has_no_bound(reply: Reply | None, what: str) -> None:
    """Without an answer even then an agent counts as having no bound, and the answers of others are kept."""
    assert what
    network = Stubborn(lambda _: reply, cured_by=9)
    replies = CheckedNetwork(network).ask(dict.fromkeys(network.names, ASKED))
    assert replies["plant:a"] is FAIR
    told = replies["plant:b"]
    assert isinstance(told, Priced)
    assert (told.bound, told.worth, told.answers) == (math.inf, None, ASKED.question)


def test_where_a_plan_cannot_go_on_without_it_planning_ends_with_the_name() -> None:
    """An agent that will not say what it decides, or is made of, is named in the error that ends the run."""
    network = Stubborn(lambda _: Decided({}), cured_by=9)
    with pytest.raises(PlanningFailed, match=r"plant:b answered with Decided Realise.*begun anew"):
        CheckedNetwork(network).ask({"plant:b": Realise(np.zeros(2))})


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        (Recall(None), Recalled(np.array([0.5, math.nan]))),  # type: ignore[arg-type]  # nobody reads it
        (Realise(np.zeros(1)), Realised(np.arange(2, dtype=np.int32), np.ones(1), np.arange(0, dtype=np.int32))),
        (Realise(np.zeros(1)), Realised(np.arange(1, dtype=np.int32), np.array([math.inf]), np.arange(0))),  # type: ignore[arg-type]
        (Formulate(None), FAIR),  # type: ignore[arg-type]  # nobody reads it
    ],
)
def test_other_replies_are_looked_at_too(message: Message, reply: Reply) -> None:
    """Shares and offers that are no numbers, of two lengths, or no such thing are refused."""
    assert fault(message, reply)


def test_fair_answers_pass_unchanged() -> None:
    """A round of fair answers is handed on, and nobody is begun anew; +inf and −inf are bounds."""
    network = Stubborn(lambda _: replace(FAIR, bound=-math.inf), cured_by=9)
    replies = CheckedNetwork(network).ask(dict.fromkeys(network.names, ASKED))
    assert list(replies) == list(network.names)
    assert network.renewed == []

"""Quotes nobody waits for: a solve under way ends, none begins, and the plan stays ready with the same answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import actors.quoting_desk
from actors.quoting_desk import QuotingDesk
from actors.refusal import Refusal
from actors.withdrawn import MOST_KNOWN, Withdrawals
from cluster.runtimes import agent_settings
from planner.adapters.scenario_folder import write_scenario
from planner.domain.errors import QuoteFailed
from planner.ports.quoting import NewOrder, Quote
from solvers.backends.highs import HighsModel
from solvers.backends.registry import backend
from solvers.core.program import Program
from solvers.core.termination import Solution, Termination
from tests.micro_scenario import micro
from tests.planning import plan_in_process

ORDER = NewOrder(partner="shop", market="m", product="soap", period=1, quantity=2.0, unit_revenue=4.0)


class HeldUp:
    """HiGHS, whose solves go on until they are interrupted while ``held`` is set."""

    def __init__(self) -> None:
        self.name, self.capabilities = "held", backend("highs").capabilities
        self.held, self.solving = threading.Event(), threading.Event()
        self.loads = 0

    def load(self, program: Program) -> _HeldModel:
        """Load a program."""
        self.loads += 1
        return _HeldModel(self, program)


class _HeldModel(HighsModel):
    def __init__(self, around: HeldUp, program: Program) -> None:
        super().__init__(program, linear={}, mixed={})
        self._around, self._interrupted = around, threading.Event()

    def solve(self, **asked: Any) -> Solution:
        if not self._around.held.is_set():
            return super().solve(**asked)
        self._interrupted.clear()  # an interrupt that came before the solve is forgotten, as HiGHS forgets it
        self._around.solving.set()
        assert self._interrupted.wait(20)
        return Solution(termination=Termination.INTERRUPTED)

    def interrupt(self) -> None:
        self._interrupted.set()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return the folders of the micro scenario and of its plan."""
    folder = tmp_path_factory.mktemp("micro")
    write_scenario(micro(), folder / "scenario")
    plan_in_process(micro(), folder / "plan")
    return str(folder / "scenario"), str(folder / "plan")


def answer_of(ask: Callable[[], Quote | Refusal], meanwhile: Callable[[], None]) -> Quote | Refusal:
    """Return the answer to a question during which something happens on another thread."""
    other = threading.Thread(target=meanwhile)
    other.start()
    try:
        return ask()
    finally:
        other.join(20)


def test_a_withdrawn_question_ends_in_its_solve_and_the_plan_stays_ready(
    folders: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The solve is interrupted, the refusal returned, and the next answer comes from the same model as before."""
    held = HeldUp()
    monkeypatch.setattr(actors.quoting_desk, "backend", lambda _: held)
    desk = QuotingDesk(agent_settings())
    before = desk.quote(*folders, ORDER, question="before")
    assert isinstance(before, Quote)

    def leave() -> None:
        assert held.solving.wait(20)
        desk.withdraw("left")

    held.held.set()
    left = answer_of(lambda: desk.quote(*folders, ORDER, question="left"), leave)
    held.held.clear()
    assert isinstance(left, Refusal)
    assert left.code == QuoteFailed.code
    assert desk.quote(*folders, ORDER, question="after") == before
    assert held.loads == 1


def test_an_answer_after_an_interrupted_solve_is_the_one_before_it(
    folders: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With HiGHS itself interrupted while it loads what changed, the next answer starts from the same basis."""
    desk = QuotingDesk(agent_settings())
    before = desk.quote(*folders, ORDER, question="before")
    solve, pulled = HighsModel.solve, []

    def interrupted(model: HighsModel, **asked: Any) -> Solution:
        attempt = model._attempt
        monkeypatch.setattr(model, "_attempt", lambda *given: (model.interrupt(), attempt(*given))[1])
        pulled.append(solve(model, **asked))
        monkeypatch.undo()
        return pulled[-1]

    monkeypatch.setattr(HighsModel, "solve", interrupted)
    assert isinstance(desk.quote(*folders, ORDER, question="left"), Refusal)
    assert [solution.termination for solution in pulled] == [Termination.INTERRUPTED]
    assert desk.quote(*folders, ORDER, question="after") == before


def test_a_question_withdrawn_before_its_turn_is_not_begun(folders: tuple[str, str]) -> None:
    """It is refused once, and a later question of another name is answered."""
    desk = QuotingDesk(agent_settings())
    desk.withdraw("early")
    refused = desk.quote(*folders, ORDER, question="early")
    assert isinstance(refused, Refusal)
    assert "does not wait" in refused.message
    assert isinstance(desk.quote(*folders, ORDER, question="later"), Quote)


def test_what_never_comes_is_forgotten() -> None:
    """Withdrawn questions that never arrive take a bounded place, and do not end others."""
    withdrawals, interrupted = Withdrawals(), threading.Event()
    for number in range(MOST_KNOWN + 1):
        withdrawals.withdraw(str(number))
    with withdrawals.answering("0", interrupted.set):  # the oldest, forgotten
        assert not interrupted.is_set()
    with pytest.raises(QuoteFailed), withdrawals.answering(str(MOST_KNOWN), interrupted.set):
        pass


def test_an_interrupt_between_two_solves_is_said_again() -> None:
    """An interrupt that meets no solve is repeated until the answer has ended."""
    withdrawals, again, calls = Withdrawals(), threading.Event(), []

    def interrupt() -> None:
        calls.append(1)
        if len(calls) > 1:
            again.set()

    with withdrawals.answering("q", interrupt):
        withdrawals.withdraw("q")
        assert again.wait(20)

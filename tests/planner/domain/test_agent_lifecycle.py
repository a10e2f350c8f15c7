"""The states of an agent, and which may follow which."""

from __future__ import annotations

import pytest

from planner.domain.agent_lifecycle import NEXT, AgentState, IllegalTransition, moved


@pytest.mark.parametrize("present", AgentState)
@pytest.mark.parametrize("to", AgentState)
def test_an_agent_moves_only_to_what_may_follow(present: AgentState, to: AgentState) -> None:
    """Every pair of states is either a move, or refused by naming the agent, both states and what is possible."""
    if to in NEXT[present]:
        assert moved("plant:1", present, to) is to
        return
    with pytest.raises(IllegalTransition, match=f"plant:1 is {present} and cannot become {to}") as refused:
        moved("plant:1", present, to)
    assert all(state.value in str(refused.value) for state in NEXT[present])


def test_every_state_is_reached_and_only_the_last_one_is_final() -> None:
    """From the first state all others can be reached, and only a retired agent can become nothing more."""
    reached, new = {AgentState.INITIALISING}, {AgentState.INITIALISING}
    while new:
        new = {after for state in new for after in NEXT[state]} - reached
        reached |= new
    assert reached == set(AgentState)
    assert [state for state in AgentState if not NEXT[state]] == [AgentState.DECOMMISSIONED]

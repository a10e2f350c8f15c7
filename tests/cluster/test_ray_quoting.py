"""Quotes from the quoting actor on Ray: those of this process, however many are asked at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actors.quoting import QuotingAgent
from planner.adapters.scenario_folder import write_scenario
from planner.domain.errors import InvalidRequest
from planner.ports.quoting import NewOrder, Quote
from solvers.backends.registry import backend
from tests.micro_scenario import micro
from tests.planning import plan_in_process

if TYPE_CHECKING:  # Ray must not be loaded before its cluster's token is set
    from actors.on_ray import RayRuntime


def test_the_quoting_actor_answers_as_this_process_does(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """A hundred questions at once get the answers of an agent here, and a wrong one is refused by field."""
    scenario = micro()
    write_scenario(scenario, tmp_path / "scenario")
    plan = plan_in_process(scenario, tmp_path / "plan").plan
    assert plan is not None
    orders = [
        NewOrder(
            partner="shop", market="m", product="soap", period=n % 2, quantity=0.5 + n % 6, unit_revenue=2.0 + n % 5
        )
        for n in range(100)
    ]
    folders = str(tmp_path / "scenario"), str(tmp_path / "plan")

    async def run() -> list[Quote]:
        # Questions that are broken off on their way, and while the plan is made ready, change nobody's answer.
        left = [asyncio.ensure_future(ray_runtime.quote(*folders, order)) for order in orders[:5]]
        await asyncio.wait(left, timeout=0.2)
        for question in left:
            question.cancel()
        await asyncio.wait(left)
        answers = await asyncio.gather(*(ray_runtime.quote(*folders, order) for order in orders))
        with pytest.raises(InvalidRequest, match="no market 'x'"):
            await ray_runtime.quote(
                *folders, NewOrder(partner="shop", market="x", product="soap", period=0, quantity=1.0, unit_revenue=1.0)
            )
        return list(answers)

    here = QuotingAgent(scenario, plan, backend("highs"))
    assert asyncio.run(asyncio.wait_for(run(), 240)) == [here.quote(order) for order in orders]

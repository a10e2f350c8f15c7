"""Quotes from a worker process: a hundred in parallel as alone, after a kill, and refusals by field."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from cluster.local_quoting import LocalQuoting
from cluster.runtimes import agent_settings
from planner.adapters.scenario_folder import write_scenario
from planner.domain.errors import InvalidRequest, PlanUnreadable
from planner.ports.quoting import NewOrder, Quote
from tests.micro_scenario import micro
from tests.planning import plan_in_process

HUNDRED = [
    NewOrder(
        partner="shop",
        market="m",
        product="soap",
        period=number % 2,
        quantity=0.1 + number % 7,
        unit_revenue=2.0 + number % 5,
        max_delay=number % 3,
        keep_promises=number % 4 > 0,
    )
    for number in range(100)
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return the folders of the micro scenario and of its plan."""
    folder = tmp_path_factory.mktemp("micro")
    write_scenario(micro(), folder / "scenario")
    plan_in_process(micro(), folder / "plan")
    return str(folder / "scenario"), str(folder / "plan")


def test_a_hundred_quotes_in_parallel_are_those_asked_alone(folders: tuple[str, str]) -> None:
    """Asked at once, and one after the other of a worker that was killed between them, all answers are equal."""

    async def run() -> tuple[list[Quote], list[Quote]]:
        quoting = LocalQuoting(agent_settings())
        try:
            together = await asyncio.gather(*(quoting.quote(*folders, order) for order in HUNDRED))
            assert quoting._worker is not None
            os.kill(quoting._worker.pid, signal.SIGKILL)
            await quoting._worker.wait()
            alone = [await quoting.quote(*folders, order) for order in reversed(HUNDRED)]
        finally:
            await quoting.close()
        return list(together), alone[::-1]

    together, alone = asyncio.run(asyncio.wait_for(run(), 120))
    assert together == alone
    assert len({quote.change_least for quote in together}) > 10


def test_refusals_cross_the_process_as_errors_of_the_business(folders: tuple[str, str]) -> None:
    """A wrong field is named, a folder that is no plan is told, and the worker answers on."""

    async def run() -> None:
        quoting = LocalQuoting(agent_settings())
        try:
            with pytest.raises(InvalidRequest, match="no partner 'x'") as refused:
                await quoting.quote(
                    *folders,
                    NewOrder(partner="x", market="m", product="soap", period=0, quantity=1.0, unit_revenue=1.0),
                )
            assert refused.value.field == "partner"
            with pytest.raises(PlanUnreadable):
                await quoting.quote(folders[0], folders[0], HUNDRED[0])
            assert (await quoting.quote(*folders, HUNDRED[0])).plan_hash
        finally:
            await quoting.close()

    asyncio.run(asyncio.wait_for(run(), 120))

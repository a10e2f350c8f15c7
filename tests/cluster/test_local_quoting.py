"""Quotes from a worker process: a hundred in parallel as alone, after a kill, and refusals by field."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict

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


def test_who_stops_waiting_leaves_no_answer_behind(folders: tuple[str, str]) -> None:
    """Questions broken off while the worker stands still, begun and waiting ones, shift nobody else's answer."""

    async def run() -> list[Quote]:
        quoting = LocalQuoting(agent_settings())
        try:
            before = await quoting.quote(*folders, HUNDRED[0])
            assert quoting._worker is not None
            worker = quoting._worker.pid
            os.kill(worker, signal.SIGSTOP)
            left = [asyncio.ensure_future(quoting.quote(*folders, order)) for order in HUNDRED[1:4]]
            for _ in range(3):
                await asyncio.sleep(0)
            assert quoting._turn.locked()
            for question in left:
                question.cancel()
            assert all(isinstance(end, asyncio.CancelledError) for end in await _ends(left))
            os.kill(worker, signal.SIGCONT)
            after = await quoting.quote(*folders, HUNDRED[0])
            assert quoting._worker.pid == worker
        finally:
            await quoting.close()
        return [before, after]

    before, after = asyncio.run(asyncio.wait_for(run(), 120))
    assert before == after


async def _ends(left: list[asyncio.Future[Quote]]) -> list[Quote | BaseException]:
    return list(await asyncio.gather(*left, return_exceptions=True))


def test_the_worker_never_begins_what_was_withdrawn(folders: tuple[str, str]) -> None:
    """A question withdrawn before its turn is refused in its place, the next one answered, the last one at the end."""
    order = asdict(HUNDRED[0])
    asked = {"scenario_folder": folders[0], "plan_folder": folders[1], "order": order}
    lines = [
        asdict(agent_settings()),
        {"withdraw": "first"},
        {"question": "first", **asked},
        {"question": "second", **asked},
    ]
    worker = subprocess.Popen(
        [sys.executable, "-m", "cluster.quoting_worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines))
        worker.stdin.flush()
        first, second = json.loads(worker.stdout.readline()), json.loads(worker.stdout.readline())
        assert "does not wait" in first["refusal"]["message"]
        assert second["quote"]["plan_hash"]
        worker.stdin.close()
        assert worker.stdout.readline() == ""
    assert worker.returncode == 0

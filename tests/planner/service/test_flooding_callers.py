"""Callers that flood: refused before anything is read, told later and later, limited in what they hold open."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import grpc
import pytest

from planner.adapters.plan_folder import write_plan
from planner.adapters.scenario_folder import write_scenario
from planner.client.errors import business_error
from planner.domain.errors import InvalidRequest, PermissionDenied, TooManyCalls
from planner.ports.planning_runtime import PlanningParameters
from planner.service.access_throttle import TOLD_AT_ONCE, Throttle
from planner.service.rate_bucket import Rate, TokenBuckets
from planner.service.server import SERVICE, DoorSettings
from planner.simulation.scripted_runtime import ScriptedRuntime
from planner.wire.v1 import planning_service_pb2 as messages
from tests.door_keys import token, token_door
from tests.gateway import LONG
from tests.guarded_gateway import GuardedKnock, at_guarded
from tests.scenario_builder import small_scenario


class StandingClock:
    """A clock on which no time passes."""

    def monotonic(self) -> float:
        """Return the one moment there is."""
        return 1.0


def throttle(**options: object) -> Throttle:
    """Return a throttle of one call a second, on a clock that stands."""
    buckets = TokenBuckets(Rate(per_second=1.0, burst=1))
    known = {"buckets": buckets, "most_at_once": 2, "most": 3, "clock": StandingClock()}
    return Throttle(**{**known, **options})  # type: ignore[arg-type]  # options of the test


def test_a_known_credential_tells_the_excess_of_its_client_alone() -> None:
    """Only a credential that was found to hold is known by, and asking costs its client nothing."""

    async def run() -> None:
        counting = throttle()
        counting.remember("Bearer a", "ana")
        assert counting.excess("Bearer a") == ("ana", 0.0)
        await counting.take("ana")
        assert [counting.excess(shown) for shown in ("Bearer a", "Bearer b")] == [("ana", 1.0), ("", 0.0)]

    asyncio.run(run())


def test_no_client_holds_more_calls_open_than_it_may() -> None:
    """A client gets its own share of open calls, all together get those there are, and what ends makes room."""

    async def run() -> None:
        counting = throttle(buckets=None)
        async with counting.serving("ana"), counting.serving("ana"):
            with pytest.raises(TooManyCalls, match="2 calls of yours"):
                async with counting.serving("ana"):
                    pass
            async with counting.serving("ben"):
                with pytest.raises(TooManyCalls, match="as many as this server takes"):
                    async with counting.serving("eva"):
                        pass
        async with counting.serving("ana"):
            pass

    asyncio.run(run())


def test_refusals_are_told_at_once_and_beyond_some_a_second_later() -> None:
    """The first refusals of a second are not kept back, further ones are, and those of others are not."""

    async def run() -> None:
        counting = throttle()
        for _ in range(TOLD_AT_ONCE):
            await asyncio.wait_for(counting.refuse("ana"), 0.01)
        later = asyncio.create_task(counting.refuse("ana"))
        await asyncio.wait_for(counting.refuse("ben"), 0.01)
        assert not later.done()
        await later

    asyncio.run(run())


@pytest.mark.parametrize("name", ["max_calls", "max_calls_each"])
def test_a_door_serves_at_least_one_call(name: str) -> None:
    """A door for no calls is refused by the name of the setting."""
    with pytest.raises(InvalidRequest, match=name):
        DoorSettings(**{name: 0})  # type: ignore[arg-type]  # names of settings


def test_a_flood_is_refused_and_others_are_served(tmp_path: Path) -> None:
    """While one caller floods over many connections, another one is served every time, and the flood is not audited."""
    door = token_door(tmp_path / "keys", rate=20.0, rate_burst=20)

    async def visit(knock: GuardedKnock) -> None:
        planner, flooder = await knock.as_role("planner"), token("clerk", "partner", partner="acme")
        told: Counter[grpc.StatusCode] = Counter()
        over, refused = asyncio.Event(), set[type[Exception]]()
        request = messages.GetPlanRequest(name="plans/p").SerializeToString()

        async def flood(channel: grpc.aio.Channel) -> None:
            while not over.is_set():
                try:
                    call = channel.unary_unary(f"/{SERVICE}/GetPlan")
                    await call(request, metadata=(("authorization", f"Bearer {flooder}"),))
                except grpc.aio.AioRpcError as error:
                    told[error.code()] += 1
                    refused.add(type(business_error(error, knock.address)))

        channels = [grpc.aio.insecure_channel(knock.address) for _ in range(4)]
        floods = [asyncio.create_task(flood(channel)) for channel in channels for _ in range(20)]
        for _ in range(10):
            began = time.monotonic()
            await planner.plans(10)
            assert time.monotonic() - began < 10.0
            await asyncio.sleep(0.05)
        over.set()
        await asyncio.gather(*floods)
        for channel in channels:
            await channel.close()
        assert refused == {TooManyCalls, PermissionDenied}
        assert set(told) == {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.PERMISSION_DENIED}
        audited = [entry for entry in knock.audited() if entry.principal == "clerk"]
        assert len(audited) == told[grpc.StatusCode.PERMISSION_DENIED]

    at_guarded(tmp_path / "data", door, visit)


def test_watchers_leave_room_for_others(tmp_path: Path) -> None:
    """A caller that watches more often than it may is refused, and another one still watches."""
    door = token_door(tmp_path / "keys", max_calls=8)
    write_scenario(small_scenario(), tmp_path / "scenario")

    async def visit(knock: GuardedKnock) -> None:
        one, other = await knock.as_role("planner", "one"), await knock.as_role("planner", "other")
        asked = await one.create(await one.upload(tmp_path / "scenario"), PlanningParameters())
        watches = [one.watch(asked.plan) for _ in range(2)]
        for watch in watches:
            await anext(watch)
        with pytest.raises(TooManyCalls, match="2 calls of yours"):
            await one.plans(1)
        assert await other.plans(1)
        for watch in watches:
            await watch.aclose()  # type: ignore[attr-defined]  # an asynchronous generator

    at_guarded(tmp_path / "data", door, visit, ScriptedRuntime(LONG, write_plan))

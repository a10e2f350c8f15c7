"""Quotes over real sockets: only on accepted plans, with every field, and with errors of the business."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.cli.quote_work import quote_lines
from planner.client.quote_conversions import quote_from_wire, quote_request
from planner.domain.errors import InvalidRequest, NotFound, PlanNotReady
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.quoting import Binding, NewOrder, Quote
from planner.service.quote_conversions import order_from_wire, quote_to_wire
from planner.service.server import SERVICE
from planner.wire.v1 import quote_pb2
from tests.gateway import Knock, at, seen
from tests.scenario_builder import small_scenario

ORDER = NewOrder(
    partner="dist-a",
    market="north",
    product="soap",
    period=1,
    quantity=3.5,
    unit_revenue=13.0,
    lateness_cost=0.25,
    shortage_penalty=2.0,
    max_delay=0,
    keep_promises=False,
)
QUOTE = Quote(
    plan_hash="f00",
    served=((1, 2.0), (2, 1.0)),
    short=0.5,
    change_least=7.0,
    change_most=7.25,
    parts=(("order_revenue", 39.0), ("production", -32.0)),
    unit_cost=None,
    next_unit_cost=11.0,
    binding=(
        Binding(kind="clause", name="c", period=None, price=1.5),
        Binding(kind="lot", name="P/k", period=2, price=0),
    ),
)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    return tmp_path / "scenario"


async def made(knock: Knock, scenario: Path) -> str:
    """Have a plan made, and return its id."""
    stored = await knock.client.upload(scenario)
    plan = (await knock.client.create(stored, PlanningParameters(time_limit=60.0))).plan
    await seen(knock, plan)
    return plan


def test_an_accepted_plan_quotes_and_stays_as_it_is(scenario: Path, tmp_path: Path) -> None:
    """The quote names the plan's decisions, and the plan's record is the same after it."""

    async def visit(knock: Knock) -> None:
        plan = await made(knock, scenario)
        record = (await knock.client.plan(plan)).record
        accepted = await knock.client.accept(plan, record.etag, accepted_by="sales")
        quote = await knock.client.quote(plan, ORDER)
        assert quote.plan_hash == getattr(record.ending, "plan_hash", "")
        assert quote.served == ((1, 3.5),)
        assert (await knock.client.plan(plan)).record == accepted

    at(tmp_path / "data", None, visit)


def test_nothing_is_promised_on_a_plan_nobody_accepted(scenario: Path, tmp_path: Path) -> None:
    """A finished plan must be accepted first, and an unknown one is not found."""

    async def visit(knock: Knock) -> None:
        with pytest.raises(PlanNotReady, match="accept it first"):
            await knock.client.quote(await made(knock, scenario), ORDER)
        with pytest.raises(NotFound):
            await knock.client.quote("unknown", ORDER)

    at(tmp_path / "data", None, visit)


def test_whoever_quotes_is_told_that_the_caller_is_gone(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that is broken off, and one whose deadline passes, cancel the question that is being answered."""

    async def visit(knock: Knock) -> None:
        plan = await made(knock, scenario)
        await knock.client.accept(plan, (await knock.client.plan(plan)).record.etag, accepted_by="sales")
        asked, gone = asyncio.Queue[None](), asyncio.Queue[None]()

        async def endless(*_: object) -> Quote:
            asked.put_nowait(None)
            try:
                return await asyncio.Future[Quote]()
            finally:
                gone.put_nowait(None)

        monkeypatch.setattr(knock.runtime, "quote", endless)
        async with grpc.aio.insecure_channel(knock.address) as channel:
            quote = channel.unary_unary(f"/{SERVICE}/QuoteOrder", quote_pb2.QuoteOrderRequest.SerializeToString)
            broken_off = quote(quote_request(plan, ORDER))
            await asked.get()
            broken_off.cancel()
            await gone.get()
            with pytest.raises(grpc.aio.AioRpcError) as late:
                await quote(quote_request(plan, ORDER), timeout=0.5)
            assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            await gone.get()

    at(tmp_path / "data", None, visit)


def test_a_question_crosses_the_wire_whole() -> None:
    """Every field of the order arrives as it was asked, an absent delay as none."""
    assert order_from_wire(quote_request("p", ORDER)) == ORDER
    endless = NewOrder(partner="p", market="m", product="k", period=0, quantity=1.0, unit_revenue=0.0)
    assert order_from_wire(quote_request("p", endless)) == endless


def test_an_answer_crosses_the_wire_whole() -> None:
    """Every field of the quote arrives as it was told, absent ones as none."""
    assert quote_from_wire(quote_to_wire("p", QUOTE)) == QUOTE


def test_an_order_without_quantity_is_wrong_input() -> None:
    """A field out of range is named before anybody computes."""
    request = quote_request("p", ORDER)
    request.order.quantity = 0.0
    with pytest.raises(InvalidRequest, match="quantity must be above 0"):
        order_from_wire(request)


def test_people_read_when_at_what_cost_and_why_not_more() -> None:
    """The lines name periods and delays, the interval of the change, and what holds up the rest."""
    text = "\n".join(quote_lines(ORDER, QUOTE))
    assert "2.00 in period 1, 1.00 in period 2 (1 late); 0.50 cannot" in text
    assert "at least 7.00, at most 7.25" in text
    assert "clause c adds 1.50 to the next unit" in text
    assert "lot P/k in period 2 limits it" in text

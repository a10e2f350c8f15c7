"""Two partners of one plan at the door: nothing of the one is in any byte that the other receives, errors included."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import grpc
import polars as pl
import pytest

from planner.client.plan_download import receive_plan
from planner.service.server import SERVICE
from planner.wire.v1 import acceptance_pb2, explanation_pb2, plan_pb2, quote_pb2, scenario_pb2
from planner.wire.v1 import planning_service_pb2 as messages
from tests.door_keys import token, token_door
from tests.guarded_gateway import GuardedKnock
from tests.two_partners import foreign_words, visited


def downloaded(parts: list[bytes]) -> dict[str, bytes]:
    """Return files by name from the bytes of a download."""
    files: dict[str, bytes] = {}
    for part in parts:
        message = messages.DownloadPlanResponse.FromString(part)
        files[message.file] = files.get(message.file, b"") + message.data
    return files


def requests(plan: str, draft: str) -> list[tuple[str, bytes]]:
    """Return every method with requests that a curious partner would try."""
    found = []
    for name in (plan, draft, "none"):
        change = explanation_pb2.ClauseChange(clause="brand/budget", drop=True)
        asked = explanation_pb2.Counterfactual(changes=[change])
        order = quote_pb2.NewOrder(partner="brand", market="north", product="soap", period=1, quantity=1.0)
        found += [
            ("GetOperation", messages.GetOperationRequest(name=f"operations/{name}")),
            ("WatchPlan", messages.WatchPlanRequest(name=f"operations/{name}")),
            ("CancelPlan", messages.CancelPlanRequest(name=f"operations/{name}")),
            ("GetPlan", messages.GetPlanRequest(name=f"plans/{name}")),
            ("DownloadPlan", messages.DownloadPlanRequest(name=f"plans/{name}")),
            ("DownloadPlan", messages.DownloadPlanRequest(name=f"plans/{name}", solver_logs=True)),
            ("AcceptPlan", acceptance_pb2.AcceptPlanRequest(name=f"plans/{name}", etag="x", accepted_by="x")),
            ("ExplainPlan", explanation_pb2.ExplainPlanRequest(name=f"plans/{name}")),
            ("ExplainPlan", explanation_pb2.ExplainPlanRequest(name=f"plans/{name}", counterfactuals=[asked])),
            ("ExplainPlan", explanation_pb2.ExplainPlanRequest(name=f"plans/{name}", repairs=True)),
            ("QuoteOrder", quote_pb2.QuoteOrderRequest(plan=f"plans/{name}", order=order)),
        ]
    found += [
        ("ListPlans", messages.ListPlansRequest()),
        ("ListPlans", messages.ListPlansRequest(page_size=-1)),
        ("ListPlans", messages.ListPlansRequest(page_token="x")),  # noqa: S106 - of a page
        ("ListFindings", scenario_pb2.ListFindingsRequest(parent="scenarios/x")),
        ("CreatePlan", messages.CreatePlanRequest(scenario="scenarios/x")),
        ("GetPlan", messages.GetPlanRequest(name="plans/" + "x" * 500)),
    ]
    return [(method, request.SerializeToString()) for method, request in found] + [("GetPlan", b"\xff\x01\xff")]


async def answers(channel: grpc.aio.Channel, method: str, data: bytes, shown: Any) -> tuple[str, list[bytes]]:
    """Return the status of a call and all bytes that came back: messages, details, metadata."""
    stream = method in {"WatchPlan", "DownloadPlan"}
    path = f"/{SERVICE}/{method}"
    received: list[bytes] = []
    try:
        if stream:
            received.extend([part async for part in channel.unary_stream(path)(data, metadata=shown)])
        else:
            received.append(await channel.unary_unary(path)(data, metadata=shown))
    except grpc.aio.AioRpcError as error:
        told = [*error.initial_metadata(), *error.trailing_metadata()]
        values = [value if isinstance(value, bytes) else str(value).encode() for _, value in told]
        return error.code().name, [*received, str(error.details()).encode(), *values]
    return "OK", received


@pytest.mark.parametrize("partner", ["dist-a", "brand", "oilco", "dist-b"])
def test_nothing_of_others_is_in_any_byte(tmp_path: Path, partner: str) -> None:
    """Whatever a partner asks, no word of another partner and nothing of our own inside comes back."""
    foreign = foreign_words(partner)

    async def visit(knock: GuardedKnock, plan: str, draft: str) -> None:
        shown = (("authorization", f"Bearer {token('clerk', 'partner', partner=partner)}"),)
        seen, ok = b"", set()
        async with grpc.aio.insecure_channel(knock.address) as channel:
            for method, data in requests(plan, draft):
                code, received = await answers(channel, method, data, shown)
                assert code in {"OK", "PERMISSION_DENIED", "INVALID_ARGUMENT"}, (method, code)
                ok |= {method} if code == "OK" else set()
                seen += b"\n".join(received)
                leaks = [word for word in foreign if word.encode() in b"\n".join(received)]
                assert leaks == [], (method, leaks)
        assert ok == {"GetPlan", "ListPlans", "DownloadPlan", "ExplainPlan"}
        assert plan.encode() in seen
        assert draft.encode() not in seen
        # The bytes were looked at where its own words are, so that a leak would have been seen.
        assert partner.encode() in seen

    visited(tmp_path, token_door(tmp_path / "keys"), visit)


def test_a_partner_gets_its_own_rows(tmp_path: Path) -> None:
    """A distributor gets its orders, how they are served, its funding and clauses, and how many are withheld."""

    async def visit(knock: GuardedKnock, plan: str, _draft: str) -> None:
        shown = (("authorization", f"Bearer {token('clerk', 'partner', partner='dist-a')}"),)
        async with grpc.aio.insecure_channel(knock.address) as channel:
            request = messages.DownloadPlanRequest(name=f"plans/{plan}").SerializeToString()
            _, parts = await answers(channel, "DownloadPlan", request, shown)
            files = downloaded(parts)
            request = messages.GetPlanRequest(name=f"plans/{plan}").SerializeToString()
            got = plan_pb2.Plan.FromString((await answers(channel, "GetPlan", request, shown))[1][0])
            request = explanation_pb2.ExplainPlanRequest(name=f"plans/{plan}").SerializeToString()
            told = explanation_pb2.Explanation.FromString((await answers(channel, "ExplainPlan", request, shown))[1][0])
        tables = {name: pl.read_csv(io.BytesIO(data)) for name, data in files.items() if name.endswith(".csv")}
        assert set(files) == {
            *(f"{name}.csv" for name in ("clauses", "funding", "prices", "purchases", "service")),
            "orders.csv",
            "contracts.json",
            "plan.json",
        }
        assert list(files)[-1] == "plan.json"
        assert sorted(tables["orders.csv"]["order"]) == ["A1", "A2"]
        assert sorted(set(tables["service.csv"]["id"])) == ["A1", "A2"]
        assert set(tables["funding.csv"]["partner"]) == {"dist-a"}
        assert set(tables["clauses.csv"]["clause"]) == {"dist/volume", "dist/reserve"}
        assert tables["purchases.csv"].height == 0
        assert [clause["id"] for clause in json.loads(files["contracts.json"])] == ["dist/volume", "dist/reserve"]
        summary = json.loads(files["plan.json"])
        assert summary["withheld_clauses"] == 2
        assert not {"value", "bound_proved", "plan_hash", "scenario_hash"} & set(summary)
        assert {field.name for field, _ in got.ListFields()} == {
            "name",
            "state",
            "create_time",
            "end_time",
            "acceptance",
        }
        assert {field.name for field, _ in got.acceptance.ListFields()} == {"accept_time"}
        assert {short.id for short in told.shortfalls} <= {"A1", "A2"}
        assert not any(short.text or short.terms or short.HasField("binding") for short in told.shortfalls)

    visited(tmp_path, token_door(tmp_path / "keys"), visit)


def test_a_supplier_gets_the_prices_of_its_clauses(tmp_path: Path) -> None:
    """A supplier reads what is bought from it and what its clauses are worth, not what its material is worth to us."""

    async def visit(knock: GuardedKnock, plan: str, _draft: str) -> None:
        client = await knock.as_partner("oilco")
        files: dict[str, bytes] = {}
        async for name, data in client.download(plan):
            files[name] = files.get(name, b"") + data
        await receive_plan(client.download(plan), tmp_path / "view", overwrite=False)
        assert {file.name: file.read_bytes() for file in (tmp_path / "view").iterdir()} == files
        prices = pl.read_csv(io.BytesIO(files["prices.csv"]))
        assert prices.select("kind", "key").rows() == [("clause", "oil/take")]
        assert pl.read_csv(io.BytesIO(files["purchases.csv"])).height == 1

    visited(tmp_path, token_door(tmp_path / "keys"), visit)


def test_partners_list_accepted_plans_of_their_scenarios_page_by_page(tmp_path: Path) -> None:
    """Drafts and plans of scenarios without the partner are not listed, and pages go on to the end."""

    async def visit(knock: GuardedKnock, plan: str, _draft: str) -> None:
        known, stranger = await knock.as_partner("dist-a"), await knock.as_partner("nobody-inc")
        assert [record.plan for record in await known.plans(10)] == [plan]
        assert await stranger.plans(10) == ()

    visited(tmp_path, token_door(tmp_path / "keys"), visit)


def test_pages_without_any_plan_of_the_partner_lead_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one call looks at one plan only, the draft makes an empty page, and the accepted plan is on the next."""
    monkeypatch.setattr("planner.application.list_partner_plans.LOOKED_AT", 1)

    async def visit(knock: GuardedKnock, plan: str, _draft: str) -> None:
        shown = (("authorization", f"Bearer {token('clerk', 'partner', partner='brand')}"),)
        async with grpc.aio.insecure_channel(knock.address) as channel:
            page, names = messages.ListPlansResponse(next_page_token="first"), []  # noqa: S106 - of a page
            while page.next_page_token:
                request = messages.ListPlansRequest(page_token=page.next_page_token.removeprefix("first"))
                data = request.SerializeToString()
                page = messages.ListPlansResponse.FromString((await answers(channel, "ListPlans", data, shown))[1][0])
                names.append([one.name for one in page.plans])
        assert names == [[], [f"plans/{plan}"]]

    visited(tmp_path, token_door(tmp_path / "keys"), visit)


def test_answers_to_others_stay_whole(tmp_path: Path) -> None:
    """The integrator, the auditor and the planner get the plan as it is, with its value and every file."""

    async def visit(knock: GuardedKnock, plan: str, draft: str) -> None:
        for role in ("planner", "erp_integrator", "auditor"):
            client = await knock.as_role(role)
            names = {name async for name, _ in client.download(draft)}
            assert {"rewards.parquet", "plan.json", "production.csv"} <= names
            assert (await client.plan(plan)).record.gap is not None

    visited(tmp_path, token_door(tmp_path / "keys"), visit)

"""Bare grpc.aio: a server of an echo and of rows without anything around them, and the calls that both sides are asked.

Run as ``python -m benchmarks.peers.bare_grpc [ROWS]`` it serves until its standard input ends. Requests and replies are
protobuf messages, as those of the planning service are; the calls are sent as bytes, alike to whoever is measured.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.wrappers_pb2 import StringValue

LARGEST_MESSAGE = 64 << 20
ECHO, ROWS, ROW_STREAM = "/bare.Bare/Echo", "/bare.Bare/Rows", "/bare.Bare/RowStream"
COLUMNS = ("plant", "product", "period", "quantity", "setup")
_OPTIONS = (("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.max_send_message_length", LARGEST_MESSAGE))
_TYPES = descriptor_pb2.FieldDescriptorProto

Row = tuple[str, str, int, float, int]


def string_request(text: str) -> bytes:
    """Return the bytes of a message whose first field is this string: those of an echo, and of a request by name."""
    return StringValue(value=text).SerializeToString()


def _messages() -> tuple[Any, Any]:
    """Return the classes of a row of a plan, and of many rows."""
    file = descriptor_pb2.FileDescriptorProto(name="bare_rows.proto", package="bare", syntax="proto3")
    row, rows = file.message_type.add(name="Row"), file.message_type.add(name="Rows")
    types = (_TYPES.TYPE_STRING, _TYPES.TYPE_STRING, _TYPES.TYPE_INT64, _TYPES.TYPE_DOUBLE, _TYPES.TYPE_INT64)
    for number, (name, kind) in enumerate(zip(COLUMNS, types, strict=True), start=1):
        row.field.add(name=name, number=number, type=kind, label=_TYPES.LABEL_OPTIONAL)
    rows.field.add(name="rows", number=1, type=_TYPES.TYPE_MESSAGE, label=_TYPES.LABEL_REPEATED, type_name=".bare.Row")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = (message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bare.{name}")) for name in ("Row", "Rows"))
    one, many = classes
    return one, many


class _Service(grpc.GenericRpcHandler):
    """Echo, all rows in one message, and one message a row."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._row, self._many = _messages()

    def service(self, handler_call_details: Any) -> Any:
        """Return the handler of a method."""
        read, write = StringValue.FromString, StringValue.SerializeToString
        if handler_call_details.method == ECHO:
            return grpc.unary_unary_rpc_method_handler(self._echo, read, write)
        if handler_call_details.method == ROWS:
            return grpc.unary_unary_rpc_method_handler(self._all, read, self._many.SerializeToString)
        if handler_call_details.method == ROW_STREAM:
            return grpc.unary_stream_rpc_method_handler(self._each, read, self._row.SerializeToString)
        return None

    async def _echo(self, request: StringValue, _: Any) -> StringValue:
        return request

    async def _all(self, _request: StringValue, _: Any) -> Any:
        return self._many(rows=[dict(zip(COLUMNS, row, strict=True)) for row in self._rows])

    async def _each(self, _request: StringValue, _: Any) -> AsyncIterator[Any]:
        for row in self._rows:
            yield self._row(**dict(zip(COLUMNS, row, strict=True)))


async def received_rows(address: str, method: str) -> dict[str, list[Any]]:
    """Return the columns of rows that came as messages."""
    one, many = _messages()
    async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
        if method == ROWS:
            call = channel.unary_unary(ROWS, StringValue.SerializeToString, many.FromString)
            rows: Any = (await call(StringValue())).rows
        else:
            stream = channel.unary_stream(ROW_STREAM, StringValue.SerializeToString, one.FromString)
            rows = [row async for row in stream(StringValue())]
    return {name: [getattr(row, name) for row in rows] for name in COLUMNS}


async def latencies(address: str, method: str, request: bytes, calls: int) -> list[float]:
    """Return the seconds of calls, one after the other, after a tenth as many that are not counted."""
    taken: list[float] = []
    async with grpc.aio.insecure_channel(address) as channel:
        call: Any = channel.unary_unary(method)
        for turn in range(calls + calls // 10):
            began = time.perf_counter()
            await call(request)
            if turn >= calls // 10:
                taken.append(time.perf_counter() - began)
    return taken


async def rate(address: str, method: str, request: bytes, *, seconds: float, in_flight: int) -> float:
    """Return the calls a second that a server answers, so many at a time."""
    done = 0
    async with grpc.aio.insecure_channel(address) as channel:
        call: Any = channel.unary_unary(method)
        await call(request)
        began = time.perf_counter()

        async def caller() -> None:
            nonlocal done
            while time.perf_counter() - began < seconds:
                await call(request)
                done += 1

        await asyncio.gather(*(caller() for _ in range(in_flight)))
        return done / (time.perf_counter() - began)


async def serve(rows: Sequence[Row]) -> None:
    """Serve until standard input ends; the address is told on standard output."""
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((_Service(rows),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


def plan_rows(count: int) -> list[Row]:
    """Return rows as a plan's production has them."""
    return [(f"plant-{i % 25}", f"product-{i // 25 % 80}", i // 2000, 1.5 * i + 0.25, i % 2) for i in range(count)]


if __name__ == "__main__":
    asyncio.run(serve(plan_rows(int(sys.argv[1]) if len(sys.argv) > 1 else 0)))

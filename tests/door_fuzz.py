"""Bytes nobody should send: messages of the contract filled at random and broken; the same seed, the same bytes."""

from __future__ import annotations

import importlib
import math
import pkgutil
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor, FileDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

import planner.wire.v1

NUMBERS = (0, 1, -1, 2, 7, 1000, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 10**18)
BROKEN = (0.0, -0.0, 0.5, -1.0, 1e-300, 1e308, math.inf, -math.inf, math.nan)
_MOST_BYTES = 6000


def methods() -> list[MethodDescriptor]:
    """Return every method of every service of the contract."""
    found = []
    for module in pkgutil.iter_modules(planner.wire.v1.__path__):
        described = getattr(importlib.import_module(f"planner.wire.v1.{module.name}"), "DESCRIPTOR", None)
        if isinstance(described, FileDescriptor):
            for service in described.services_by_name.values():
                found += list(service.methods)
    return sorted(found, key=lambda method: method.full_name)


METHODS = methods()


@dataclass(frozen=True, slots=True)
class Sent:
    """What one call sends: the messages of its stream, or the one of a plain call."""

    method: MethodDescriptor
    messages: tuple[bytes, ...]

    @property
    def path(self) -> str:
        """The path of the method."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"


def fuzzed(seed: int, words: Sequence[str]) -> Sent:
    """Return what a call of some method sends, by a seed; texts are often ``words``, so that some mean something."""
    draw = random.Random(seed)
    method = draw.choice(METHODS)
    count = draw.randint(0, 4) if method.client_streaming else 1
    return Sent(method, tuple(_bytes(draw, method, words) for _ in range(count)))


def raw(method: MethodDescriptor, data: bytes) -> Sent:
    """Return a call that sends given bytes."""
    return Sent(method, (data,))


def _bytes(draw: random.Random, method: MethodDescriptor, words: Sequence[str]) -> bytes:
    if draw.random() < 0.15:
        return draw.randbytes(draw.randint(0, 200))
    message = GetMessageClass(method.input_type)()
    _fill(draw, message, words, depth=4)
    data = message.SerializeToString()[:_MOST_BYTES]
    for _ in range(draw.choice((0, 0, 1, 1, 3))):
        data = _broken(draw, data)
    return data


def _broken(draw: random.Random, data: bytes) -> bytes:
    """Return bytes with something flipped, cut off, repeated or put in."""
    place = draw.randint(0, len(data))
    match draw.randint(0, 3):
        case 0 if data:
            place = min(place, len(data) - 1)
            return data[:place] + bytes([data[place] ^ (1 << draw.randint(0, 7))]) + data[place + 1 :]
        case 1:
            return data[:place]
        case 2:
            return data[:place] + data[place:] * 2
        case _:
            return data[:place] + draw.randbytes(draw.randint(1, 8)) + data[place:]


def _fill(draw: random.Random, message: Message, words: Sequence[str], depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        if draw.random() < 0.35:
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if depth > 0:
                for _ in range(draw.choice((0, 1, 1, 2, 5)) if field.is_repeated else 1):
                    inner = getattr(message, field.name)
                    _fill(draw, inner.add() if field.is_repeated else inner, words, depth - 1)
        elif field.is_repeated:
            getattr(message, field.name).extend(_value(draw, field, words) for _ in range(draw.randint(0, 3)))
        else:
            setattr(message, field.name, _value(draw, field, words))


def _value(draw: random.Random, field: FieldDescriptor, words: Sequence[str]) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text(draw, words)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return draw.randbytes(draw.randint(0, 300))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return draw.random() < 0.5
    if field.type in {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}:
        return draw.choice((*BROKEN, float(draw.randint(-5, 50))))
    if field.type == FieldDescriptor.TYPE_ENUM:
        return draw.choice(field.enum_type.values).number
    bits = 32 if field.type in {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32} else 64
    fitting = [number for number in NUMBERS if -(2 ** (bits - 1)) <= number < 2 ** (bits - 1)]
    return draw.choice(fitting)


def _text(draw: random.Random, words: Sequence[str]) -> str:
    kind = draw.random()
    if kind < 0.6:
        return draw.choice(words)
    if kind < 0.7:
        return draw.choice(words) * draw.randint(2, 300)
    if kind < 0.8:
        return "".join(draw.choice("/.'\"\\;%{}[]\n\r\t\0 ab1") for _ in range(draw.randint(0, 30)))
    return "".join(chr(draw.choice((draw.randint(1, 0x7F), draw.randint(0xA0, 0xD7FF)))) for _ in range(8))

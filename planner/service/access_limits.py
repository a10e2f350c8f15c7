"""How long and how many the parts of a request may be, whatever it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError, Message

from planner.domain.errors import InvalidRequest

LONGEST_TEXT = 4096
"""Characters in any field that holds text; use cases hold theirs to less."""

MOST_ENTRIES = 1000
"""Entries of all lists of a request together."""


def read_request(read: Callable[[bytes], Any] | None, data: bytes) -> Any:
    """Return the message that was sent.

    Raises
    ------
    InvalidRequest
        If the bytes are no such message, or hold too long texts or too many entries. What they hold is not repeated.
    """
    try:
        message = data if read is None else read(data)
    except (DecodeError, ValueError, RecursionError) as error:
        raise InvalidRequest("the request cannot be read: its bytes are no message of this method") from error
    if isinstance(message, Message):
        _count(message, MOST_ENTRIES)
    return message


def _count(message: Message, left: int) -> int:
    """Return how many more entries there may be after those of a message."""
    for field, value in message.ListFields():
        listed = value if field.is_repeated else (value,)
        if field.is_repeated:
            left -= len(value)
            if left < 0:
                raise InvalidRequest(f"{field.name} has too many entries: a request has {MOST_ENTRIES} at most")
        if field.type == field.TYPE_STRING and any(len(text) > LONGEST_TEXT for text in listed):
            raise InvalidRequest(f"{field.name} is longer than {LONGEST_TEXT} characters", field.name)
        if field.type == field.TYPE_MESSAGE:
            for inner in listed:
                left = _count(inner, left)
    return left

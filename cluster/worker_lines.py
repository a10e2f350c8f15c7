"""What worker processes share: messages as JSON lines on what was their standard output."""

from __future__ import annotations

import json
import os
from typing import TextIO


def take_standard_output() -> TextIO:
    """Keep standard output for messages alone, so that no library can print between them."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return told


def write_line(told: TextIO, line: dict[str, object]) -> None:
    """Write one message at once."""
    told.write(json.dumps(line) + "\n")
    told.flush()

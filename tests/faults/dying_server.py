"""A server that kills itself around one write: `dying_server.py DATA PORT EVENT before|after`.

It is the product's own, with plans made in worker processes. As it stores the first event of the type EVENT it sends
itself SIGKILL, right before or right after the event is on disk; nobody is told anything any more.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster.gateway import serve
from cluster.runtimes import make_runtime
from cluster.settings import GatewaySettings
from planner.adapters.event_log_sql import SqlEventLog
from planner.events.envelope import Envelope
from planner.service.server import DoorSettings


def main() -> None:
    """Serve until the event comes."""
    data, port, event, moment = sys.argv[1:]
    stored = SqlEventLog.append

    def append(log: SqlEventLog, events: Sequence[Envelope]) -> None:
        dies = any(envelope.type == event for envelope in events)
        if dies and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        stored(log, events)
        if dies and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    SqlEventLog.append = append  # type: ignore[method-assign]  # the one thing that differs from the product
    settings = GatewaySettings(door=DoorSettings(listen=f"127.0.0.1:{port}"), data=Path(data), runtime="local")
    serve(settings, make_runtime)


if __name__ == "__main__":
    main()

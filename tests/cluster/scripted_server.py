"""A server with a scripted runtime: `scripted_server.py DATA PORT STEPS [until-stdin-closes|certifies-long]`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster.gateway import serve
from cluster.settings import GatewaySettings
from planner.adapters.plan_folder import write_plan
from planner.domain.errors import ConcordatError
from planner.service.server import DoorSettings
from planner.simulation.scripted_runtime import Script, ScriptedRuntime


def main() -> None:
    """Serve until told to stop, then say which libraries were loaded."""
    data, port, steps, *rest = sys.argv[1:]
    settings = GatewaySettings(
        door=DoorSettings(listen=f"127.0.0.1:{port}"),
        data=Path(data),
        until_stdin_closes=rest == ["until-stdin-closes"],
    )
    certify_seconds = 600.0 if rest == ["certifies-long"] else 0.0
    script = Script(steps=int(steps), step_seconds=0.02, kept=int(steps), certify_seconds=certify_seconds)
    runtime = ScriptedRuntime(script, write_plan)
    try:
        serve(settings, lambda _: runtime)
    except ConcordatError as error:
        sys.exit(f"{error.code}: {error}")
    sys.stdout.write("loaded " + " ".join(sorted({name.partition(".")[0] for name in sys.modules})) + "\n")


if __name__ == "__main__":
    main()

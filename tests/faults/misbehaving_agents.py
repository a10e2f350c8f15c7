"""Plans on real Ray hosts whose agents misbehave: `misbehaving_agents.py FOLDER KIND…`, one line of JSON for each."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster.runtimes import agent_settings, guard_ray
from planner.adapters.plan_folder import read_plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.ports.run_steps import StepKind
from tests.faults.misbehaving_host import FILE, MisbehavingHost
from tests.middling import middling_scenario
from tests.runtime_runs import follow

SEED, WORK = 5, 20
PARAMETERS = PlanningParameters(gap=0.0, work_limit=WORK, hosts=2)


def main() -> None:
    """Make the plan once for each kind of misbehaviour, on hosts that live on in between."""
    folder, *kinds = sys.argv[1:]
    file = Path(folder) / "misbehaviour"
    os.environ[FILE] = str(file)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (sys.path[0], os.environ.get("PYTHONPATH"))))
    guard_ray(own_cluster=True)
    from actors import certify, on_ray  # noqa: PLC0415 - Ray reads its variables as it is loaded

    on_ray.AgentHost = MisbehavingHost  # type: ignore[misc]  # the one thing that differs from the product
    settings = replace(agent_settings(), beat_seconds=0.5, silent_seconds=3.0, round_seconds=8.0)
    runtime, scenario = on_ray.RayRuntime(settings), middling_scenario(SEED)
    try:
        for kind in kinds:
            place = Path(folder) / kind.replace(" ", "-")
            file.write_text(kind, encoding="ascii")
            told = one_run(runtime, scenario, place)
            if told["outcome"] == Outcome.PLANNED.value:
                breaches = certify.certify(scenario, read_plan(place / "plan")).breaches
                told["breaches"] = [str(breach) for breach in breaches]
            told["kind"], told["left"] = kind, file.exists()
            file.unlink(missing_ok=True)
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    finally:
        asyncio.run(runtime.close())


def one_run(runtime: object, scenario: Scenario, place: Path) -> dict[str, object]:
    """Make a plan and tell how that went."""
    run = follow(runtime, scenario, place, PARAMETERS)  # type: ignore[arg-type]  # Ray is not loaded where types are read
    steps = [step for told in (*run.told, run.result) for step in told.steps]
    planned = run.result.outcome is Outcome.PLANNED
    return {
        "outcome": run.result.outcome.value,
        "detail": run.result.detail,
        "plan_hash": read_plan(place / "plan").summary["plan_hash"] if planned else "",
        "value": run.result.value,
        "bound": run.result.bound_proved,
        "restarts": [[step.what, step.seconds] for step in steps if step.kind is StepKind.RESTART],
    }


if __name__ == "__main__":
    main()

"""The main job: a scenario becomes a certified plan over the real command line, beside one monolithic HiGHS run.

Both get the same model and the same time limit in the same run. The peer's model is exported before the clock starts.
The first contender runs the command of the product: server, agent runtime and agents included. A plan counts only if
`concordat verify` accepts it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.concordat_command import concordat, run_concordat
from benchmarks.subject import Contender, Curve, Outcome, Phase, Subject, Workload


def _prepare(workload: Workload) -> Sequence[Contender]:
    model, peer_out = workload.scratch / "model.mps", workload.scratch / "monolith.json"
    run_concordat("export", workload.scenario, "--mps", model)
    plan = workload.scratch / "plan"
    limits = ("--time-limit", str(workload.time_limit), "--gap", str(workload.gap))
    peer = (sys.executable, "-m", "benchmarks.monolith", str(model), *limits, "--out", str(peer_out))
    return (
        Contender(name="monolith", command=peer, outcome=lambda: monolith_outcome(peer_out)),
        *(
            Contender(
                name=f"concordat-{runtime}",
                command=concordat(
                    "plan",
                    workload.scenario,
                    "--out",
                    plan / runtime,
                    "--overwrite",
                    "--runtime",
                    runtime,
                    "--seed",
                    str(workload.seed),
                    *limits,
                ),
                outcome=lambda runtime=runtime: plan_outcome(plan / runtime, workload.scenario),  # type: ignore[misc]  # mypy cannot type a default that binds the loop's value
            )
            for runtime in ("ray", "local")
        ),
    )


def relative_gap(value: float | None, bound: float | None) -> float | None:
    """Return (bound − value) / |value|, the plain difference for a value of 0, None where either is missing."""
    if value is None or bound is None:
        return None
    return (bound - value) / (abs(value) or 1.0)


def monolith_outcome(file: Path) -> Outcome:
    """Read what the monolithic run left behind."""
    if not file.is_file():
        return Outcome(failure="the monolithic run left no result")
    result = json.loads(file.read_text(encoding="utf-8"))
    value, bound = result["value"], result["bound_proved"]
    figures = {"value": value, "bound_proved": bound, "gap": relative_gap(value, bound), "load_s": result["load_s"]}
    return Outcome(figures=figures, failure=None if value is not None else "no plan found within the limit")


def plan_outcome(folder: Path, scenario: Path) -> Outcome:
    """Read value, bounds, gaps and history of a plan folder, and whether `concordat verify` accepts it."""
    summary_file = folder / "plan.json"
    if not summary_file.is_file():
        return Outcome(failure="no plan was written")
    summary = json.loads(summary_file.read_text(encoding="utf-8"))
    curve: Curve = tuple((seconds, value, bound) for seconds, value, bound in summary.get("history", ()))
    verdict = subprocess.run(concordat("verify", folder, scenario), capture_output=True, text=True, check=False)
    names = ("value", "bound_proved", "bound_checked", "gap", "gap_checked")
    figures: dict[str, float | None] = {name: summary.get(name) for name in names}
    figures["first_plan_s"] = next((seconds for seconds, value, _ in curve if value is not None), None)
    figures["verified"] = float(verdict.returncode == 0)
    refused = f"verify refuses the plan: {(verdict.stdout + verdict.stderr).strip()[-500:]}"
    return Outcome(figures=figures, curve=curve, failure=None if verdict.returncode == 0 else refused)


SUBJECT = Subject(
    name="main_job",
    title="A planning request becomes a certified plan, beside one monolithic HiGHS run with the same time limit",
    phase=Phase.WHOLE_PROCESS,
    suites=frozenset({"smoke", "main", "large"}),
    peer="monolith",
    prepare=_prepare,
    ratios=("gap", "wall_s", "cpu_s", "peak_bytes"),
)

"""A planning runtime that follows a script instead of computing: for tests and for trying out clients."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from planner.domain.hashing import plan_hash
from planner.domain.plan import PLAN_TABLES, VALUE_PARTS, Plan, empty_plan_table
from planner.ports.agent_hosts import HostState
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, Progress
from planner.ports.quoting import Binding, NewOrder, Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What happens: ``steps`` steps of ``step_seconds``, the first plan at step ``first_plan`` (none before).

    Step n has the value n and the bound 2·``steps`` − n, so that they meet at the last step. ``error`` is raised at
    the last step instead of a result; ``stubborn`` runs ignore both cancelling and their time limit. Runs of the same
    ``code`` name their plans alike; the last ``kept`` of them can be accepted. Certifying takes ``certify_seconds``.
    """

    steps: int = 3
    step_seconds: float = 0.01
    first_plan: int = 1
    outcome: Outcome = Outcome.PLANNED
    conflict: tuple[str, ...] = ()
    relaxation: tuple[tuple[str, float], ...] = ()
    terms: tuple[tuple[str, str, str, str], ...] = ()
    repairs: tuple[tuple[str, float], ...] = ()
    detail: str = ""
    error: str = ""
    stubborn: bool = False
    code: str = ""
    kept: int = 3
    certify_seconds: float = 0.0


class ScriptedRuntime:
    """Implements :class:`planner.ports.planning_runtime.PlanningRuntime` by a script, and quotes by a rule.

    ``write_plan`` writes a plan folder. ``received`` lists the runs with their parameters, in order.
    """

    def __init__(self, script: Script, write_plan: Callable[[Plan, Path], None]) -> None:
        self.script = script
        self.received: list[tuple[str, PlanningParameters]] = []
        self.closed = False
        self._write_plan = write_plan
        self._cancelled: set[str] = set()
        self._running: dict[str, int] = {}
        self._accepted: dict[str, int] = {}

    async def plan(
        self,
        run: str,
        scenario_folder: str,
        plan_folder: str,
        parameters: PlanningParameters,
    ) -> AsyncIterator[Progress | PlanningResult]:
        """Follow the script; see the port."""
        self.received.append((run, parameters))
        if not (Path(scenario_folder) / "scenario.json").is_file():
            raise FileNotFoundError(f"{scenario_folder} holds no scenario")
        self._running[run] = 0
        try:
            async for step in self._steps(run, Path(plan_folder), parameters):
                yield step
        finally:
            self._running.pop(run, None)
            self._accepted.pop(run, None)
            self._cancelled.discard(run)

    async def cancel(self, run: str) -> None:
        """Stop a run at its next step, unless it is stubborn."""
        if run in self._running and not self.script.stubborn:
            self._cancelled.add(run)

    async def accept(self, run: str, incumbent: str) -> bool:
        """Let a run end at its next step with one of its last plans; see the port."""
        step = int(incumbent.partition("-")[0])
        last = self._running.get(run, 0)
        if not max(self.script.first_plan, last - self.script.kept + 1) <= step <= last or incumbent != self._etag(
            step
        ):
            return False
        self._accepted[run] = step
        return True

    async def quote(self, _scenario_folder: str, plan_folder: str, order: NewOrder) -> Quote:
        """Serve every order when it is due, at the cost of 1 a unit."""
        revenue, cost = order.unit_revenue * order.quantity, order.quantity
        return Quote(
            plan_hash=str(json.loads((Path(plan_folder) / "plan.json").read_text(encoding="utf-8"))["plan_hash"]),
            served=((order.period, order.quantity),),
            short=0.0,
            change_least=revenue - cost,
            change_most=revenue - cost,
            parts=(("order_revenue", revenue), ("production", -cost)),
            unit_cost=1.0,
            next_unit_cost=1.0,
            binding=(Binding(kind="lot", name="scripted", period=order.period, price=0.0),),
        )

    async def hosts(self, only: str = "") -> tuple[HostState, ...]:
        """Tell of one host a run, named like it."""
        return tuple(HostState(run, answers=True) for run in self._running if only in ("", run))

    async def close(self) -> None:
        """Note that nothing more will be asked."""
        self.closed = True

    async def _steps(
        self, run: str, folder: Path, parameters: PlanningParameters
    ) -> AsyncIterator[Progress | PlanningResult]:
        script, stopped_by, last = self.script, "optimal", 0
        until = parameters.stop.incumbent if parameters.stop is not None else ""
        for step in range(1, script.steps + 1):
            await asyncio.sleep(script.step_seconds)
            seconds = step * script.step_seconds
            if run in self._accepted:
                stopped_by, last = "accepted", self._accepted[run]
                break
            if run in self._cancelled:
                stopped_by = "cancelled"
                break
            if parameters.time_limit is not None and seconds > parameters.time_limit and not script.stubborn:
                stopped_by = "time"
                break
            last = self._running[run] = step
            value = float(step) if step >= script.first_plan else None
            bound, etag = 2.0 * script.steps - step, "" if value is None else self._etag(step)
            yield Progress(seconds=seconds, phase=f"step {step}", value=value, bound=bound, etag=etag)
            if etag and etag == until:
                stopped_by = "accepted"
                break
        if script.error:
            raise RuntimeError(script.error)
        await asyncio.sleep(script.certify_seconds)
        yield self._result(last, stopped_by, folder)

    def _etag(self, step: int) -> str:
        digest = hashlib.sha256(f"{self.script.code}/{step}".encode()).hexdigest()
        return f"{step}-{digest[:16]}"

    def _result(self, last: int, stopped_by: str, folder: Path) -> PlanningResult:
        script = self.script
        outcome, bound = script.outcome, 2.0 * script.steps - last
        if outcome is Outcome.PLANNED and last < script.first_plan:
            outcome = Outcome.NO_PLAN_YET
        if outcome is not Outcome.PLANNED:
            return PlanningResult(
                outcome=outcome,
                stopped_by="infeasible" if outcome is Outcome.INFEASIBLE else stopped_by,
                bound_proved=bound,
                detail=script.detail,
                conflict=script.conflict,
                relaxation=script.relaxation,
                terms=script.terms,
                repairs=script.repairs,
            )
        self._write_plan(_empty_plan(float(last), bound, stopped_by), folder)
        return PlanningResult(
            outcome=outcome,
            stopped_by=stopped_by,
            value=float(last),
            bound_proved=bound,
            bound_checked=bound,
            incumbent=self._etag(last),
        )


def _empty_plan(value: float, bound: float, stopped_by: str) -> Plan:
    tables = {name: empty_plan_table(name) for name in PLAN_TABLES}
    summary: dict[str, object] = {
        "value": value,
        "value_parts": {part: value if part == "revenue" else 0.0 for part in VALUE_PARTS},
        "bound_proved": bound,
        "bound_checked": bound,
        "plan_hash": plan_hash(tables),
        "stopped_by": stopped_by,
    }
    return Plan(tables, summary)

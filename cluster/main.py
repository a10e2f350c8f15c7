"""The entry point of `concordat`: hands the command line what it must not import itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.child_server import child_server
from planner.cli.app import run
from planner.cli.launchers import AuditCheck, Launchers, LogPlace, Replay, ReplayOrder, ServeOptions, Verification
from planner.cli.what_if_order import (
    AmendOrder,
    CompareOrder,
    DecideOrder,
    GridOrder,
    GridRunEnd,
    GridRunOrder,
    RobustOrder,
    WhatIf,
)

if TYPE_CHECKING:  # loaded by the commands that need them: `concordat --help` should not wait for polars
    from planner.domain.finding import Finding
    from planner.domain.plan import Plan
    from planner.domain.scenario import Scenario
    from planner.ports.planning_runtime import Progress


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(launchers()))


def launchers() -> Launchers:
    """Return the functions of the assembly."""
    return Launchers(
        serve=_serve,
        settings=_settings,
        child_server=child_server,
        verify=_verify,
        replay=_replay,
        export_mps=_export_mps,
        findings=_findings,
        write_scenario=_write_scenario,
        read_plan=_read_plan,
        read_scenario=_read_scenario,
        show_log=_show_log,
        migrate_log=_migrate_log,
        back_up=_back_up,
        retain_plans=_retain_plans,
        verify_audit=_verify_audit,
        list_audit=_list_audit,
        what_if=WhatIf(
            plan=_plan_grid,
            run=_run_grid,
            compare=_compare_run,
            decide=_decide_pairs,
            robust=_compare_robust,
            amend=_amend_clause,
            base=_grid_base,
        ),
    )


def _serve(options: ServeOptions) -> None:
    from cluster.serving import serve_options  # noqa: PLC0415 - loads gRPC, SQLAlchemy and polars

    serve_options(options)


def _settings(options: ServeOptions) -> Sequence[str]:
    from cluster.serving import settings_lines  # noqa: PLC0415 - loads gRPC

    return settings_lines(options)


def _verify(plan_folder: Path, scenario_folder: Path) -> Verification:
    from cluster.certifying import verify_folders  # noqa: PLC0415 - loads polars and the recomputation

    return verify_folders(plan_folder, scenario_folder)


def _replay(order: ReplayOrder, tell: Callable[[Progress], None]) -> Replay:
    from cluster.replaying import replay_folders  # noqa: PLC0415 - loads polars and a runtime

    return replay_folders(order, tell=tell)


def _export_mps(scenario_folder: Path, file: Path) -> None:
    from cluster.export import export_mps  # noqa: PLC0415 - loads polars and the formulation

    export_mps(scenario_folder, file)


def _findings(folder: Path) -> tuple[Finding, ...]:
    from cluster.validating import scenario_findings  # noqa: PLC0415 - loads polars

    return scenario_findings(folder)


def _write_scenario(scenario: Scenario, folder: Path) -> None:
    from planner.adapters.scenario_folder import write_scenario  # noqa: PLC0415 - loads polars

    write_scenario(scenario, folder)


def _read_plan(folder: Path) -> Plan:
    from planner.adapters.plan_folder import read_plan  # noqa: PLC0415 - loads polars

    return read_plan(folder)


def _read_scenario(folder: Path) -> Scenario:
    from planner.adapters.scenario_folder import read_scenario  # noqa: PLC0415 - loads polars

    return read_scenario(folder)


def _verify_audit(data: Path | None, noted: str) -> AuditCheck:
    from cluster.auditing import verify_audit  # noqa: PLC0415 - loads SQLAlchemy

    return verify_audit(data, noted)


def _list_audit(data: Path | None, limit: int, denied: bool) -> Iterator[str]:  # noqa: FBT001 - the command's option
    from cluster.auditing import list_audit  # noqa: PLC0415 - loads SQLAlchemy

    return list_audit(data, limit, denied)


def _show_log(place: LogPlace, aggregate: str, limit: int) -> Iterable[str]:
    from cluster.log_keeping import show_log  # noqa: PLC0415 - loads SQLAlchemy and gRPC

    return show_log(place, aggregate, limit)


def _migrate_log(place: LogPlace, to: int) -> str:
    from cluster.log_keeping import migrate_log  # noqa: PLC0415 - loads SQLAlchemy and gRPC

    return migrate_log(place, to)


def _back_up(place: LogPlace, target: Path) -> Iterable[str]:
    from cluster.backing_up import back_up  # noqa: PLC0415 - loads SQLAlchemy and gRPC

    return back_up(place, target)


def _retain_plans(place: LogPlace, days: float, accepted: bool) -> Iterable[str]:  # noqa: FBT001 - as the command calls
    from cluster.log_keeping import retain_folders  # noqa: PLC0415 - loads SQLAlchemy and gRPC

    return retain_folders(place, days, accepted)


def _plan_grid(order: GridOrder) -> Iterable[str]:
    from cluster.what_if.run import plan_grid  # noqa: PLC0415 - loads polars and the formulation

    return plan_grid(order)


def _run_grid(order: GridRunOrder, tell: Callable[[str], None]) -> GridRunEnd:
    from cluster.what_if.run import run_grid  # noqa: PLC0415 - loads polars and the formulation

    return run_grid(order, tell)


def _compare_run(order: CompareOrder) -> Iterable[str]:
    from cluster.what_if.compare import compare_run  # noqa: PLC0415 - loads polars and the formulation

    return compare_run(order)


def _decide_pairs(order: DecideOrder, tell: Callable[[str], None]) -> Iterable[str]:
    from cluster.what_if.decide import decide_pairs  # noqa: PLC0415 - loads polars and the formulation

    return decide_pairs(order, tell)


def _compare_robust(order: RobustOrder, tell: Callable[[str], None]) -> Iterable[str]:
    from cluster.what_if.robust import compare_robust  # noqa: PLC0415 - loads polars and the formulation

    return compare_robust(order, tell)


def _amend_clause(order: AmendOrder, tell: Callable[[str], None]) -> Iterable[str]:
    from cluster.what_if.amend import amend_clause  # noqa: PLC0415 - loads polars and the formulation

    return amend_clause(order, tell)


def _grid_base(grid: Path) -> Path:
    from planner.adapters.grid_yaml import read_grid  # noqa: PLC0415 - loads PyYAML and patches

    return read_grid(grid).base


if __name__ == "__main__":
    main()

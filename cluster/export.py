"""`concordat export`: the whole model of a scenario as an MPS file for any solver."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

from actors.formulate.problem import MOST_INDIVIDUAL, Problem, formulate
from planner.adapters.scenario_folder import read_scenario
from planner.domain.errors import FolderNotWritable, InvalidRequest, ScenarioInvalid
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.verification.findings import find_problems
from solvers.network.assembly import assemble
from solvers.network.mps import MpsNames, mps_lines
from solvers.network.names import column_names, plain, row_names


def export_mps(scenario_folder: Path, file: Path) -> None:
    """Write the whole model to ``file`` (``.mps``, or ``.mps.gz`` compressed).

    Raises
    ------
    InvalidRequest
        If the file's name ends otherwise.
    ScenarioUnreadable
        If the folder or one of its files cannot be read.
    ScenarioInvalid
        If anything stands against the scenario; ``findings`` names it all.
    FolderNotWritable
        If the file cannot be written.
    """
    if not file.name.endswith((".mps", ".mps.gz")):
        raise InvalidRequest(f"{file} is to hold MPS: name it .mps, or .mps.gz to compress it", "mps")
    scenario = read_scenario(scenario_folder)
    findings = find_problems(scenario)
    if findings:
        raise ScenarioInvalid(scenario.header.id, findings)
    problem = formulate(scenario, eligibility_patterns(scenario))
    blocks, links = problem.blocks, problem.around.links.links
    names = MpsNames(plain(scenario.header.id) or "scenario", row_names(blocks, links), column_names(blocks))
    _write(file, mps_lines(assemble(blocks, links).program, names, _header(scenario, problem)))


def _header(scenario: Scenario, problem: Problem) -> Sequence[str]:
    sizes = [part.members.instance.members for part in problem.parts]
    pooled = sum(size > MOST_INDIVIDUAL for size in sizes)
    lines = [
        f"{scenario.header.title} ({scenario.header.id})",
        "The whole planning problem, minimising minus the value of the plan.",
        "Rows and columns are named block.kind.key.period; rows of a clause carry its id. Period 'all' is the horizon.",
        f"Segments: {len(sizes)}, with {sum(sizes):,} customers.",
        f"Up to {MOST_INDIVIDUAL} customers: a binary per customer, window and offer ({len(sizes) - pooled} segments).",
        f"More customers: a share in 0..1 per run of like customers, window and offer ({pooled} segments).",
    ]
    if pooled:
        lines.append("For these the model is a close approximation: whole offers per customer are not in it.")
    return lines


def _write(file: Path, lines: Iterable[str]) -> None:
    """Write beside the file and then put it in place, so that no half a model is ever found there."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _text(draft, compressed=file.suffix == ".gz") as text:
                text.writelines(f"{line}\n" for line in lines)
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise FolderNotWritable(f"{file} cannot be written: {error.strerror or error}") from error


@contextmanager
def _text(path: Path, *, compressed: bool) -> Iterator[TextIO]:
    with ExitStack() as opened:
        binary: IO[bytes] = opened.enter_context(path.open("wb"))
        if compressed:
            # Without a name and a time inside, the same model gives the same bytes.
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=binary, compresslevel=6, mtime=0)
            binary = cast("IO[bytes]", opened.enter_context(packed))
        yield opened.enter_context(io.TextIOWrapper(binary, encoding="utf-8", newline="\n"))

"""Grid files: YAML whose every key is known, with the line of each, so that findings point at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from planner.adapters.grid_factors import FactorRefused, parse_factor, parse_level
from planner.domain.errors import FolderNotWritable, GridInvalid
from planner.domain.grid import GRID_SCHEMA, Factor, Grid, Sample
from planner.domain.grid_finding import GridFinding
from planner.domain.patches.change import Level

MOST_BYTES = 16 * 1024 * 1024
AMENDMENT = "amendment"
"""The name of the factor that amends one clause."""
_KEYS = ("schema", "scenario", "factors", "cross", "list", "sample")


@dataclass(frozen=True, slots=True)
class GridFile:
    """A grid as a file holds it: its base as a folder, and the line of every path of keys."""

    file: Path
    grid: Grid
    lines: Mapping[str, int]

    @property
    def base(self) -> Path:
        """The folder of the base scenario: relative paths begin at the folder of the file."""
        return self.file.parent / self.grid.scenario

    def placed(self, finding: GridFinding) -> GridFinding:
        """Return a finding with its line: of the nearest place above that the file has."""
        return _placed(finding, self.lines)


def read_grid(file: Path) -> GridFile:
    """Read a grid file.

    Raises
    ------
    GridInvalid
        If it cannot be read, is no YAML, or says something that no grid can; findings name path, line and cure.
    """
    document, lines = _load(file)
    findings: list[GridFinding] = []
    refuse = _collector(findings)
    if document.get("schema") != GRID_SCHEMA:
        refuse("schema", f"must be {GRID_SCHEMA}, got {document.get('schema')!r}: write schema: {GRID_SCHEMA}")
    for key in document:
        if key not in _KEYS:
            refuse(key, f"is no key of a grid: known are {', '.join(_KEYS)}")
    scenario = document.get("scenario")
    if not isinstance(scenario, str) or not scenario:
        refuse("scenario", "must name the folder of the base scenario")
    factors = tuple(_factors(document.get("factors", {}), refuse))
    crossed = _crossed(document.get("cross", []), factors, refuse)
    listed = tuple(_listed(document.get("list", []), refuse))
    sample = _sample(document.get("sample"), refuse)
    grid = None
    if not findings:
        try:
            grid = Grid(
                scenario=str(scenario),
                factors=factors,
                crossed=crossed,
                listed=listed,
                sample=sample,
            )
        except ValueError as error:
            refuse("", str(error))
    if grid is None:
        raise GridInvalid(str(file), [_placed(finding, lines) for finding in findings])
    return GridFile(file, grid, lines)


def write_amendment(file: Path, base: Path, clause: str, field: str, levels: Sequence[float]) -> None:
    """Write a grid that sets one number of one clause to each level.

    Raises
    ------
    FolderNotWritable
        If the file cannot be written.
    """
    factor = {"set": f"clause.{field}", "where": {"id": clause}, "levels": [float(level) for level in levels]}
    document = {
        "schema": GRID_SCHEMA,
        "scenario": str(base.resolve()),
        "factors": {AMENDMENT: factor},
        "cross": [AMENDMENT],
    }
    try:
        file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    except OSError as error:
        raise FolderNotWritable(f"cannot write {file}: {error.strerror}") from error


_Refuse = Callable[[str, str], None]


def _collector(findings: list[GridFinding]) -> _Refuse:
    return lambda path, message: findings.append(GridFinding(path, message))


def _load(file: Path) -> tuple[dict[str, object], dict[str, int]]:
    """Return the document and the line of every path; aliases are refused, since a few lines of them fill a memory."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise GridInvalid(str(file), [GridFinding("", f"is larger than {MOST_BYTES:,} bytes: split the grid")])
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise GridInvalid(str(file), [GridFinding("", f"cannot be read: {reason}")]) from error
    loader = yaml.SafeLoader(text)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = 0 if event.start_mark is None else event.start_mark.line + 1
                raise GridInvalid(str(file), [GridFinding("", f"*{event.anchor} is an alias: write it out", line)])
        node = loader.get_single_node()
        lines: dict[str, int] = {}
        repeated = [] if node is None else list(_walk(node, "", lines))
        document = None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or type(error).__name__
        finding = GridFinding("", f"is no YAML: {reason}", 0 if mark is None else mark.line + 1)
        raise GridInvalid(str(file), [finding]) from error
    finally:
        loader.dispose()
    if repeated:
        raise GridInvalid(str(file), repeated)
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise GridInvalid(str(file), [GridFinding("", f"must be a mapping that begins with schema: {GRID_SCHEMA}")])
    return document, lines


def _walk(node: yaml.Node, path: str, lines: dict[str, int]) -> Iterator[GridFinding]:
    """Note the line of every path below a node; gives keys that come twice."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = f"{path}.{key.value}" if path else str(key.value)
            if place in lines:
                yield GridFinding(place, f"stands here again, after line {lines[place]}", key.start_mark.line + 1)
            lines[place] = key.start_mark.line + 1
            yield from _walk(value, place, lines)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            place = f"{path}[{position}]"
            lines[place] = item.start_mark.line + 1
            yield from _walk(item, place, lines)


def _placed(finding: GridFinding, lines: Mapping[str, int]) -> GridFinding:
    path = finding.path
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return replace(finding, line=lines.get(path, 1))


def _factors(entries: object, refuse: _Refuse) -> Iterator[Factor]:
    if not isinstance(entries, dict):
        refuse("factors", "must map names to factors")
        return
    for name, entry in entries.items():
        try:
            yield parse_factor(str(name), entry)
        except FactorRefused as refused:
            refuse(f"factors.{name}{refused.path}", str(refused))


def _crossed(entry: object, factors: tuple[Factor, ...], refuse: _Refuse) -> tuple[str, ...]:
    if entry == "all":
        return tuple(factor.name for factor in factors)
    if not isinstance(entry, list):
        refuse("cross", "must be a list of factors, or all")
        return ()
    return tuple(str(name) for name in entry)


def _listed(entries: object, refuse: _Refuse) -> Iterator[Mapping[str, Level]]:
    if not isinstance(entries, list):
        refuse("list", "must be a list of cases, each of which maps factors to levels")
        return
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict):
            refuse(f"list[{place}]", "must map factors to levels, such as {demand: 1.1}")
            continue
        try:
            yield {str(name): parse_level(level) for name, level in entry.items()}
        except ValueError as error:
            refuse(f"list[{place}]", str(error))


def _sample(entry: object, refuse: _Refuse) -> Sample | None:
    if entry is None:
        return None
    if not isinstance(entry, dict) or set(entry) != {"count", "seed"} or not all(_whole(n) for n in entry.values()):
        refuse("sample", "must hold a whole count and a whole seed, such as {count: 100, seed: 1}")
        return None
    try:
        return Sample(entry["count"], entry["seed"])
    except ValueError as error:
        refuse("sample", str(error))
    return None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

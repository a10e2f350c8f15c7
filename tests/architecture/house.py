"""Where the house stands and which files belong to it; shared by the tests of its law."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("planner", "actors", "solvers", "cluster", "benchmarks")
GENERATED = "planner/wire/v1/"


@cache
def project_files() -> tuple[str, ...]:
    """Return every file of the project that git tracks or would track, as sorted POSIX paths below the root."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(sorted(name for name in set(listing.stdout.splitlines()) if (ROOT / name).is_file()))


def sources(*tops: str) -> tuple[str, ...]:
    """Return the hand-written Python files below the named top-level folders."""
    return tuple(
        name
        for name in project_files()
        if name.endswith(".py") and name.split("/", 1)[0] in tops and not name.startswith(GENERATED)
    )


def module_name(path: str) -> str:
    """Return the dotted import name of a Python file of the house."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

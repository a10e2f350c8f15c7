"""The product as its users run it: the console script of this environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def concordat(*arguments: str | Path) -> tuple[str, ...]:
    """Return the argument vector of a `concordat` command.

    Raises
    ------
    FileNotFoundError
        If no console script stands beside the running Python; set the environment up with ``make setup``.
    """
    script = Path(sys.executable).with_name("concordat")
    if not script.is_file():
        raise FileNotFoundError(f"no `concordat` beside {sys.executable}; run `make setup` and use its Python")
    return (str(script), *(str(argument) for argument in arguments))


def run_concordat(*arguments: str | Path) -> None:
    """Run a `concordat` command unmeasured.

    Raises
    ------
    RuntimeError
        If the command fails; the message holds its last words.
    """
    done = subprocess.run(concordat(*arguments), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-2000:]
        raise RuntimeError(f"`concordat {arguments[0]}` ended with exit code {done.returncode}: {words}")

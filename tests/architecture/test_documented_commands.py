"""What the documents tell people to type exists: every command and every option in a console block."""

from __future__ import annotations

import re
import shlex

import pytest
import typer.core
import typer.main

from planner.cli.app import app
from tests.architecture.house import ROOT, project_files


def _documented() -> list[tuple[str, str]]:
    """Return (file, command line) for every `concordat` line in a console block or the Makefile."""
    found = []
    for path in project_files():
        if path.endswith(".md"):
            blocks = re.findall(r"```console\n(.*?)```", (ROOT / path).read_text(encoding="utf-8"), re.DOTALL)
            lines = [line for block in blocks for line in block.splitlines()]
        elif path == "Makefile":
            lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        else:
            continue
        found += [
            (path, match[1].partition("#")[0].strip())
            for line in lines
            if (match := re.match(r"[\s$]*(?:\S*/)?concordat\s+(.*)", line))
        ]
    return found


DOCUMENTED = _documented()


def test_the_documents_show_the_main_commands() -> None:
    """The documents that people read first show how to generate, plan, verify and serve."""
    assert {"generate", "plan", "verify", "report", "serve"} <= {line.split()[0] for _, line in DOCUMENTED}


@pytest.mark.parametrize(("path", "line"), DOCUMENTED, ids=[f"{path}: {line}" for path, line in DOCUMENTED])
def test_a_documented_command_exists_with_its_options(path: str, line: str) -> None:
    """A documented command line names a command of the program and only options that this command takes."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    words = shlex.split(line)
    if words[0].startswith("-"):
        assert words in (["--help"], ["--version"])
        return
    command = group.commands[words[0]]
    if isinstance(command, typer.core.TyperGroup):
        command = command.commands[words[1]]
    known = {option for parameter in command.params for option in parameter.opts}
    given = {word.partition("=")[0] for word in words[1:] if word.startswith("--")}
    assert given <= known, path

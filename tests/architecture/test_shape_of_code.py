"""Sizes, hidden imports, empty package files and names: the shape that keeps the house readable."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

from tests.architecture.house import PACKAGES, ROOT, project_files, sources

LONGEST_MODULE = 500
LONGEST_FUNCTION = 70
MEDIAN_MODULE = 200
REFUSED_FOLDERS = {"utils", "common", "helpers", "misc", "manager", "util", "helper"}


def _tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=path)


def _functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_package_files_stay_empty() -> None:
    """A re-export in a package file would join floors where import-linter does not see it."""
    package_files = [path for path in project_files() if path.endswith("/__init__.py")]
    assert len(package_files) > 20
    assert [path for path in package_files if (ROOT / path).stat().st_size] == []


def test_no_folder_or_module_is_a_drawer_for_leftovers() -> None:
    """Code that fits no room needs a decision record, not a folder of leftovers."""
    names = {part.removesuffix(".py") for path in sources(*PACKAGES, "tests") for part in PurePosixPath(path).parts}
    assert names & REFUSED_FOLDERS == set()


def test_modules_are_short() -> None:
    """No module is longer than 500 lines, and half of those with code stay within 200."""
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in sources(*PACKAGES)}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}
    with_code = sorted(length for length in lengths.values() if length)
    assert with_code[len(with_code) // 2] <= MEDIAN_MODULE


def test_functions_are_short() -> None:
    """No function of the house is longer than 70 lines."""
    long = {
        f"{path}:{function.lineno} {function.name}": length
        for path in sources(*PACKAGES)
        for function in _functions(_tree(path))
        if (length := (function.end_lineno or function.lineno) - function.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_an_import_inside_a_function_says_why() -> None:
    """An import hidden in a function carries its reason as a comment on its line or the line above."""
    hidden = []
    for path in sources(*PACKAGES):
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        for function in _functions(_tree(path)):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    beside, above = lines[node.lineno - 1], lines[node.lineno - 2].strip()
                    # A bare suppression is not a reason: some words have to follow it.
                    words = re.sub(r"#\s*(noqa|type: ?ignore)[^#]*?(?=\s[-—–#]|$)", "", beside.partition("#")[1:][-1])
                    reasoned = re.search(r"[A-Za-z]{2,}\s+[A-Za-z]", words) or above.startswith("#")
                    if not reasoned and not _is_import_of_same_group(lines, node.lineno):
                        hidden.append(f"{path}:{node.lineno}")
    assert hidden == []


def _is_import_of_same_group(lines: list[str], lineno: int) -> bool:
    """Tell whether the lines above are further imports whose first one stands below a comment."""
    row = lineno - 2
    while row >= 0 and re.match(r"\s*(import|from)\s", lines[row]):
        row -= 1
    return row < lineno - 2 and lines[row].strip().startswith("#")


def test_every_test_tells_its_point_in_one_sentence() -> None:
    """Every test function has a docstring of exactly one sentence."""
    silent = []
    for path in sources("tests"):
        for function in _functions(_tree(path)):
            if not function.name.startswith("test_"):
                continue
            text = " ".join((ast.get_docstring(function) or "").split())
            if not text.endswith((".", "?", "!")) or re.search(r"[.!?] [A-Z]", text):
                silent.append(f"{path}:{function.lineno} {function.name}")
    assert silent == []


def test_source_files_say_what_they_are() -> None:
    """Every module with code opens with a docstring."""
    assert [path for path in sources(*PACKAGES) if (tree := _tree(path)).body and not ast.get_docstring(tree)] == []

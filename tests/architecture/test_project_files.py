"""Files that travel with the code: no path of one machine, no private index, links and paragraphs that hold."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import PurePosixPath

import pytest

from tests.architecture.house import PACKAGES, ROOT, project_files, sources

TEXT_ENDINGS = {
    ".py",
    ".md",
    ".toml",
    ".proto",
    ".cfg",
    ".ini",
    ".yaml",
    ".yml",
    ".json",
    ".sh",
    ".txt",
    ".lock",
    ".mjs",
    "",
}
# Put together here, so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.\-}])/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me")) + r")(?:/|\b)")
PUBLIC_INDEX = "https://pypi.org/simple"
PUBLIC_REGISTRY = "https://registry.npmjs.org/"
PUBLIC_FILES = "https://files.pythonhosted.org/"


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_no_path_of_a_machine_is_written_down() -> None:
    """No text file of the project names a folder of the machine it was written on."""
    found = [
        f"{path}:{number}"
        for path in project_files()
        if PurePosixPath(path).suffix in TEXT_ENDINGS
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_the_lock_names_the_public_index_only() -> None:
    """Every locked package comes from the public index or from this folder, and every file from its host."""
    packages = tomllib.loads(_text("uv.lock"))["package"]
    sources_of = {package["name"]: package["source"] for package in packages}
    assert {
        name: source
        for name, source in sources_of.items()
        if source not in ({"registry": PUBLIC_INDEX}, {"editable": "."})
    } == {}
    urls = [wheel["url"] for package in packages for wheel in package.get("wheels", [])]
    urls += [package["sdist"]["url"] for package in packages if "sdist" in package]
    assert len(urls) > 100
    assert [url for url in urls if not url.startswith(PUBLIC_FILES)] == []


def test_the_packages_of_node_are_pinned_and_come_from_the_public_registry() -> None:
    """The example in JavaScript asks for exact versions, and its lock holds a hash for each and no other place."""
    asked = json.loads(_text("examples/node/package.json"))["dependencies"]
    packages = {
        name: each for name, each in json.loads(_text("examples/node/package-lock.json"))["packages"].items() if name
    }
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert [name for name, each in packages.items() if not each["integrity"].startswith("sha512-")] == []
    places = [each["resolved"] for each in packages.values() if "resolved" in each]
    assert [place for place in places if not place.startswith(PUBLIC_REGISTRY)] == []


def _folders_with_code() -> set[str]:
    code = {str(PurePosixPath(path).parent) for path in sources(*PACKAGES) if (ROOT / path).stat().st_size}
    wire = (
        {"planner/wire/v1"} if any(p.startswith("planner/wire/v1/") and "_pb2" in p for p in project_files()) else set()
    )
    contract = {str(PurePosixPath(path).parent) for path in project_files() if re.fullmatch(r"proto/.*\.proto", path)}
    return code | wire | contract


def _paragraphs() -> dict[str, str]:
    """Return the paragraphs of the architecture that open with a bold folder name, by that folder."""
    opening = re.compile(r"^\*\*`([a-z0-9_/]+?)/?`\*\*\s+(.*)", re.DOTALL)
    blocks = re.split(r"\n\s*\n", _text("docs/architecture.md"))
    return {match[1]: match[2] for block in blocks if (match := opening.match(block.strip()))}


def test_every_room_with_code_has_its_paragraph() -> None:
    """Each folder that holds code is told of in the architecture, and no paragraph tells of an empty one."""
    told = _paragraphs()
    rooms = _folders_with_code()
    assert rooms - set(told) == set()
    assert set(told) - rooms == set()
    assert {folder: text for folder, text in told.items() if len(text.split()) < 15} == {}


def test_links_between_documents_lead_somewhere() -> None:
    """Every relative link of a Markdown file names a file or folder of the project."""
    link = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
    broken = [
        f"{path} → {target}"
        for path in project_files()
        if path.endswith(".md")
        for target in link.findall(_text(path))
        if not ((ROOT / path).parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md"])
def test_what_a_stranger_looks_for_is_there(name: str) -> None:
    """Licence, notices, security policy, history and first steps stand at the top and are not empty."""
    assert len(_text(name).split()) > 20


def test_nothing_a_user_runs_needs_the_reference_data() -> None:
    """README, Makefile and examples work on a checkout that has no reference data beside it."""
    user_facing = [p for p in project_files() if p in {"README.md", "Makefile"} or p.startswith("examples/")]
    assert [path for path in user_facing if "../shared" in _text(path)] == []


def test_a_run_of_the_tests_tells_why_some_were_left_out(pytestconfig: pytest.Config) -> None:
    """Where PostgreSQL, networks or another program is missing, the summary of a run says so with the reason."""
    (reported,) = [option for option in pytestconfig.getini("addopts") if option.startswith("-r")]
    assert {"s", "f", "E"} <= set(reported)

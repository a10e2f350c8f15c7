"""Node.js programs in tests: the packages that the examples lock, installed once, and a folder to run programs in."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.architecture.house import ROOT

CLIENT = ROOT / "examples" / "node"
_CACHE = ROOT / "build" / "node"
_UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "E401", "E403")


@dataclass(frozen=True, slots=True)
class NodePrograms:
    """A folder with programs and the packages they import."""

    folder: Path
    node: str
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, program: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """Start a program; what it writes can be read."""
        return subprocess.Popen(
            [self.node, program, *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, "CONCORDAT_PROTO": str(ROOT / "proto"), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def lines(self, program: str, *arguments: object, **environment: str) -> list[str]:
        """Run a program to its end, which must be a good one, and return the lines it wrote."""
        with self.start(program, *arguments, **environment) as process:
            try:
                out, err = process.communicate(timeout=60)
            finally:
                process.kill()
        assert process.returncode == 0, out + err
        return out.splitlines()

    def told(self, program: str, *arguments: object, **environment: str) -> dict[str, object]:
        """Run a program to its end and return the document that its last line holds."""
        document: dict[str, object] = json.loads(self.lines(program, *arguments, **environment)[-1])
        return document


def node_programs(folder: Path, *programs: Path) -> NodePrograms:
    """Put the example's client and further programs into a new folder; skip the test where Node.js or npm lack."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("not tested with Node.js: node or npm is not installed")
    folder.mkdir()
    for file in (*CLIENT.iterdir(), *programs):
        if file.is_file():
            shutil.copy(file, folder)
    (folder / "node_modules").symlink_to(_installed(npm) / "node_modules")
    return NodePrograms(folder, node)


def _installed(npm: str) -> Path:
    """Return the folder with the packages of the lock; they are fetched once and kept until the lock changes."""
    lock = (CLIENT / "package-lock.json").read_bytes()
    kept = _CACHE / hashlib.sha256(lock).hexdigest()[:16]
    if kept.is_dir():
        return kept
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as name:
        fresh = Path(name) / "fresh"
        fresh.mkdir()
        for file in ("package.json", "package-lock.json"):
            shutil.copy(CLIENT / file, fresh)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
        tried = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=120, check=False)
        if tried.returncode and any(word in tried.stderr for word in _UNREACHABLE):
            pytest.skip(f"not tested with Node.js: the registry of npm does not answer: {tried.stderr[-300:]}")
        assert tried.returncode == 0, tried.stderr
        try:
            fresh.rename(kept)
        except OSError:  # another test run was faster
            assert kept.is_dir()
    return kept

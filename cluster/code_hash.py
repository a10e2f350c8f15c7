"""A hash of the code that makes plans: the installed sources, and the lock file where there is one."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("actors", "cluster", "planner", "solvers")


@cache
def code_hash() -> str:
    """Return the SHA-256 over the sources of all packages, in the order of their names, and the lock file."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        root = _folder(package)
        for file in sorted(root.rglob("*")):
            if file.suffix in {".py", ".css"}:
                digest.update(f"{package}/{file.relative_to(root).as_posix()}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    lock = _folder("cluster").parent / "uv.lock"
    if lock.is_file():
        digest.update(hashlib.sha256(lock.read_bytes()).digest())
    return digest.hexdigest()


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"package {package} is not installed as files; its sources cannot be hashed")
    return Path(spec.origin).parent

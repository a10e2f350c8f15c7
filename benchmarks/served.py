"""One request to a server that already runs, as an ERP sends it: what a plan takes when nobody has to start anything.

Run as ``python -m benchmarks.served SCENARIO --out PLAN --seed N --time-limit SECONDS --gap GAP --runtime NAME``. A
server is started on a folder of its own and makes the plan of a tiny scenario first, so that its agents stand; then the
scenario is uploaded and planned by `concordat plan --server`, and the server is ended.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.concordat_command import concordat, run_concordat

_READY = "listening on "
_GRACE_SECONDS = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, plan and stop; returns the exit code of the command that planned."""
    parser = argparse.ArgumentParser(description="One plan by a server that already runs.")
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--time-limit", required=True)
    parser.add_argument("--gap", required=True)
    parser.add_argument("--seed", required=True)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="concordat-served-") as scratch:
        serve = concordat("serve", "--listen", "127.0.0.1:0", "--data", f"{scratch}/data", "--runtime", chosen.runtime)
        with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            try:
                return _planned(_address(server), chosen, Path(scratch))
            finally:
                server.terminate()
                server.wait(_GRACE_SECONDS)


def _address(server: subprocess.Popen[str]) -> str:
    line = "" if server.stdout is None else server.stdout.readline()
    if not line.startswith(_READY):
        raise RuntimeError(f"the server did not say where it listens but {line!r}")
    return line.removeprefix(_READY).strip()


def _planned(address: str, chosen: argparse.Namespace, scratch: Path) -> int:
    run_concordat("generate", "--preset", "tiny", "--seed", "1", scratch / "tiny")
    run_concordat("plan", scratch / "tiny", "--server", address, "--out", scratch / "first")
    limits = ("--time-limit", chosen.time_limit, "--gap", chosen.gap, "--seed", chosen.seed)
    command = concordat("plan", chosen.scenario, "--server", address, "--out", chosen.out, *limits)
    return subprocess.run(command, check=False, stdout=sys.stderr).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Run a command while some processes keep the machine busy: ``python -m benchmarks.busy_beside COUNT COMMAND…``.

The seconds of such a run mean nothing; that the command gives the same answer does.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Return the exit code of the command; the busy processes end with it."""
    count, command = int(arguments[0]), arguments[1:]
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        for process in busy:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Put the checkout on the import path, so that tests find their builders however pytest was started."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

_ROOT = str(Path(__file__).parent)
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

# Machines are noisy, so no example has a deadline; examples are the same in every run.
settings.register_profile("concordat", deadline=None, derandomize=True)
settings.load_profile("concordat")

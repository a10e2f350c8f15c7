"""The core of dynamic slope scaling: what a fixed charge costs per unit, from the quantity last made.

A fixed charge that allows at most ``most`` units costs, in the relaxation, its amount per ``most``; a plan that makes
fewer pays more. Charging it per the quantity last made instead makes small lots dear, so that they vanish or merge.
Source: Kim and Pardalos (1999), A solution approach to the fixed charge network flow problem using a dynamic slope
scaling procedure, Operations Research Letters 24(4).
"""

from __future__ import annotations

import numpy as np

from solvers.core.program import Floats

IN_USE = 1e-7
"""Quantities above this need the charge."""


def slopes(last: Floats, most: Floats, quantity: Floats) -> Floats:
    """Return ``most / quantity`` where something was made, elsewhere ``last``: nothing made tells nothing of the slope.

    ``last``, ``most`` and ``quantity`` have one shape; the first pass has ``last`` = 1.
    """
    made = quantity > IN_USE
    return np.where(made, most / np.maximum(quantity, IN_USE), last)

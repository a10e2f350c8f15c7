"""The offer choice of one block of members, in factored form.

Members ``i`` stand in classes: one eligibility pattern and one count group each, weights ascending inside a class. A
member takes at most one allowed offer ``o`` per window ``w``; it then redeems with probability
``p(i,o) = min(1, weight[i]·response[o])``. What leaves the block are redemptions per window and offer, the number of
members given an offer per group and window, and numbers of *distinct* members given an offer anywhere in a set of
windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats, Ints

Longs = npt.NDArray[np.int64]
Choice = npt.NDArray[np.int16]
NO_OFFER = -1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OfferInstance:
    """N members in C classes and G groups, W windows, M offers, Q distinct counts.

    ``weight`` float64 [N] finite, ≥ 0, ascending inside each class; ``class_start`` int64 [C+1]; ``class_group`` int32
    [C] in 0..G-1; ``response`` float64 [M] finite, ≥ 0; ``allowed`` bool [W, C, M]; ``groups`` is G. A distinct count
    ``q`` is the number of members of group ``distinct_group[q]`` given an offer in any window of
    ``distinct_windows[q]`` (bool [Q, W]). ``mass`` is derived: prefix sums of the weights, restarted in every class,
    class ``c`` at ``class_start[c] + c``. Raises InvalidProgram where a shape or value breaks this.
    """

    weight: Floats
    class_start: Longs
    class_group: Ints
    response: Floats
    allowed: Bools
    groups: int = 1
    distinct_group: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    distinct_windows: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))
    mass: Floats = field(init=False)

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_values(self)
        mass = np.zeros(self.members + self.classes)
        for c in range(self.classes):
            first, last = self.span(c)
            np.cumsum(self.weight[first:last], out=mass[first + c + 1 : last + c + 1])
        object.__setattr__(self, "mass", mass)

    @property
    def members(self) -> int:
        """N."""
        return len(self.weight)

    @property
    def classes(self) -> int:
        """C."""
        return len(self.class_group)

    @property
    def windows(self) -> int:
        """W."""
        return int(self.allowed.shape[0])

    @property
    def offers(self) -> int:
        """M."""
        return len(self.response)

    @property
    def distinct_counts(self) -> int:
        """Q."""
        return len(self.distinct_group)

    def span(self, c: int) -> tuple[int, int]:
        """Return the members ``first:last`` of class ``c``."""
        return int(self.class_start[c]), int(self.class_start[c + 1])

    def class_mass(self, c: int) -> Floats:
        """Return the prefix sums of the weights of class ``c``, one entry more than it has members."""
        first, last = self.span(c)
        return self.mass[first + c : last + c + 1]

    def class_of_member(self) -> Ints:
        """Return the class of every member, int32 [N]."""
        return np.repeat(np.arange(self.classes, dtype=np.int32), np.diff(self.class_start))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OfferPrices:
    """What the rest of the problem pays: ``margin`` [W, M] per redemption, ``count`` [G, W] per member given an offer
    in the window, ``distinct`` [Q] once per member counted. All float64, finite, of any sign.
    """

    margin: Floats
    count: Floats
    distinct: Floats = field(default_factory=lambda: np.zeros(0))

    def check(self, instance: OfferInstance) -> None:
        """Raise InvalidProgram unless the prices fit the instance."""
        for name, shape in (
            ("margin", (instance.windows, instance.offers)),
            ("count", (instance.groups, instance.windows)),
            ("distinct", (instance.distinct_counts,)),
        ):
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float64 or not np.isfinite(array).all():
                raise InvalidProgram(f"price array {name!r} must be finite float64 of shape {shape}, not {array.shape}")


def _check_shapes(instance: OfferInstance) -> None:
    c, m = len(instance.class_group), len(instance.response)
    if instance.allowed.ndim != 3 or instance.allowed.shape[1:] != (c, m):
        raise InvalidProgram(f"allowed must have shape (windows, {c}, {m}), not {instance.allowed.shape}")
    if m >= np.iinfo(np.int16).max:
        raise InvalidProgram(f"{m} offers do not fit the int16 of a choice; split the block")
    starts = instance.class_start
    if len(starts) != c + 1 or starts[0] != 0 or starts[-1] != len(instance.weight) or (np.diff(starts) < 0).any():
        raise InvalidProgram(f"class_start must ascend from 0 to {len(instance.weight)} in {c + 1} entries")
    q, w = len(instance.distinct_group), instance.allowed.shape[0]
    if q and instance.distinct_windows.shape != (q, w):
        raise InvalidProgram(f"distinct_windows must have shape ({q}, {w}), not {instance.distinct_windows.shape}")


def _check_values(instance: OfferInstance) -> None:
    for name in ("weight", "response"):
        array = getattr(instance, name)
        if array.dtype != np.float64 or not np.isfinite(array).all() or (array < 0).any():
            raise InvalidProgram(f"{name} must be float64, finite and not negative")
    for name in ("class_group", "distinct_group"):
        array = getattr(instance, name)
        if len(array) and not (array.min() >= 0 and array.max() < instance.groups):
            raise InvalidProgram(f"{name} must name groups 0..{instance.groups - 1}")
    falls = np.flatnonzero(np.diff(instance.weight) < 0) + 1
    inside = falls[~np.isin(falls, instance.class_start)]
    if len(inside):
        raise InvalidProgram(f"weights must ascend inside a class; member {int(inside[0])} is lighter than the last")

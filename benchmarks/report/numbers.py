"""How numbers are written for people: seconds and bytes with their units, ratios with their sign."""

from __future__ import annotations

from benchmarks.statistics import Ratio

_MILLISECONDS = 0.1
_FLIPPED = {"=": "", "≤": "≥ ", "≥": "≤ "}
_KEPT = {"=": "", "≤": "≤ ", "≥": "≥ "}


def as_number(value: float | None, *, digits: int = 4) -> str:
    """Write a number with that many significant digits, a dash for none."""
    if value is None:
        return "—"
    if value == 0 or 1e-3 <= abs(value) < 10**digits:
        return f"{value:.{digits}g}"
    return f"{value:,.0f}" if 10**digits <= abs(value) < 1e12 else f"{value:.{max(2, digits - 2)}g}"


def as_seconds(value: float) -> str:
    """Write seconds, in ms below a tenth."""
    return (
        f"{value * 1e3:.3g} ms" if abs(value) < _MILLISECONDS else f"{value:.3g} s" if value < 1e3 else f"{value:.0f} s"
    )


def as_bytes(value: float) -> str:
    """Write bytes in MiB, or GiB from 1 on."""
    return f"{value / 2**30:.3g} GiB" if value >= 2**30 else f"{value / 2**20:.3g} MiB"


def as_ratio(ratio: Ratio) -> str:
    """Write a ratio of ours to the peer's."""
    return f"{_KEPT[ratio.sign]}{ratio.value:.3g}"


def as_times_faster(ratio: Ratio) -> str:
    """Write how many times better ours is, the inverse of the ratio."""
    return "—" if ratio.value == 0 else f"{_FLIPPED[ratio.sign]}{1 / ratio.value:.3g}x"

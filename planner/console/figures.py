"""How numbers are written for people: the same in the report and in the terminal."""

from __future__ import annotations

import math
from datetime import date

NONE = "–"
_MINUS = "\N{MINUS SIGN}"
_SCALES = ((1e12, " T"), (1e9, " bn"), (1e6, " M"), (1e3, " k"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _signed(text: str) -> str:
    stripped = text.removeprefix("-")
    if stripped == text:
        return text
    return _MINUS + stripped if any(sign in "123456789" for sign in stripped) else stripped


def money(amount: float | None) -> str:
    """Return an amount of money with thousands separators; cents below 1,000; a dash for None."""
    if amount is None or not math.isfinite(amount):
        return NONE
    return _signed(f"{amount:,.0f}" if abs(amount) >= 1000 or amount == 0 else f"{amount:,.2f}")


def quantity(amount: float | None) -> str:
    """Return a quantity or a price with about four significant digits; a dash for None."""
    if amount is None or not math.isfinite(amount):
        return NONE
    size = abs(amount)
    if size >= 1000:
        return _signed(f"{amount:,.0f}")
    if size >= 100:
        return _signed(_trimmed(f"{amount:.1f}"))
    if size >= 0.01 or size == 0:
        return _signed(_trimmed(f"{amount:.{2 if size >= 1 else 4}f}"))
    return "≈ 0" if size < 5e-7 else _signed(f"{amount:.2g}")


def percent(share: float | None) -> str:
    """Return a share as a percentage with about three significant digits; a dash for None."""
    if share is None or not math.isfinite(share):
        return NONE
    size = abs(100 * share)
    if size == 0:
        return "0 %"
    if size < 1e-3:
        return "≈ 0 %" if size < 1e-6 else "< 0.001 %" if share > 0 else f"> {_MINUS}0.001 %"
    return _signed(f"{100 * share:,.0f} %" if size >= 100 else f"{_trimmed(f'{100 * share:.3g}')} %")


def share(part: float | None) -> str:
    """Return a share as a percentage with one decimal (two where it is small), for columns; a dash for None."""
    if part is None or not math.isfinite(part):
        return NONE
    if part and abs(part) < 0.0005:
        return "≈ 0 %" if abs(part) < 0.00005 else _signed(f"{100 * part:.2f} %")
    return _signed(f"{100 * part:,.1f} %")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, plural by an s where it is not 1."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def compact(amount: float) -> str:
    """Return a short form for axes: 7.35 M, 12 k."""
    for scale, sign in _SCALES:
        if abs(amount) >= scale:
            return _signed(f"{amount / scale:.4g}{sign}")
    return _signed(f"{amount:.4g}")


def day(iso: str) -> str:
    """Return an ISO date as day and month, or the text as it is if it is no date."""
    try:
        when = date.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{when.day} {_MONTHS[when.month - 1]}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text

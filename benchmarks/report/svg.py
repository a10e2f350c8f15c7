"""Charts of lines as SVG text: axes with ticks and units, a legend, colours taken from the page's style sheet.

Series are told apart by colour, dash and marker, so that a chart reads in print, in the dark and without colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 14, 14, 46
_LEGEND_LINE = 18
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "12 4")
COLOURS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A named axis with its unit in the name; a logarithmic one shows numbers above 0 only."""

    label: str
    logarithmic: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A line: points in order, drawn as steps or straight, with optional whiskers (low, high) per point."""

    name: str
    points: tuple[tuple[float, float], ...]
    steps: bool = False
    markers: bool = False
    whiskers: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart as an SVG element, and what it shows."""

    title: str
    svg: str


def line_chart(title: str, x: Axis, y: Axis, series: Sequence[Series]) -> Chart:
    """Draw a chart; one without points says so."""
    return Chart(title=title, svg=_element(title, x, y, series))


def _element(title: str, x: Axis, y: Axis, series: Sequence[Series]) -> str:
    drawn = [_drawable(line, x, y) for line in series]
    drawn = [line for line in drawn if line.points]
    height = HEIGHT + _LEGEND_LINE * len(drawn)
    opening = (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
    )
    if not drawn:
        return opening + _text(WIDTH / 2, HEIGHT / 2, "no points to show", "middle") + "</svg>"
    xs = [point[0] for line in drawn for point in line.points]
    ys = [point[1] for line in drawn for point in line.points]
    ys += [end for line in drawn for whisker in line.whiskers for end in whisker]
    across = _scale(x, xs, _LEFT, WIDTH - _RIGHT)
    up = _scale(y, ys, HEIGHT - _BOTTOM, _TOP)
    body = [_grid(x, y, across, up)]
    for number, line in enumerate(drawn):
        body.append(_line(line, number, across.place, up.place))
        body.append(_legend(line.name, number))
    return opening + "".join(body) + "</svg>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    place: Callable[[float], float]
    ticks: tuple[float, ...]


def _drawable(line: Series, x: Axis, y: Axis) -> Series:
    def shows(number: float, axis: Axis) -> bool:
        return math.isfinite(number) and (number > 0 or not axis.logarithmic)

    kept = [n for n, point in enumerate(line.points) if shows(point[0], x) and shows(point[1], y)]
    return Series(
        name=line.name,
        points=tuple(line.points[n] for n in kept),
        steps=line.steps,
        markers=line.markers,
        whiskers=tuple(line.whiskers[n] for n in kept) if line.whiskers else (),
    )


def _scale(axis: Axis, values: Sequence[float], start: float, end: float) -> _Scale:
    low = min(values) if axis.low is None else axis.low
    high = max(values) if axis.high is None else axis.high
    if axis.logarithmic:
        low, high = _log_range(low, high)
        ticks = _log_ticks(low, high)
    else:
        if high - low <= 1e-9 * abs(high):
            margin = 0.5 + 1e-3 * abs(high)
            low, high = low - margin, high + margin
        ticks = _even_ticks(low, high)
    bend = math.log10 if axis.logarithmic else float

    def place(value: float) -> float:
        share = (bend(value) - bend(low)) / (bend(high) - bend(low))
        return start + (end - start) * min(1.0, max(0.0, share))

    return _Scale(place=place, ticks=tuple(ticks))


def _log_range(low: float, high: float) -> tuple[float, float]:
    if high <= low * 1.0001:
        return low / 3, high * 3
    margin = (high / low) ** 0.04
    return low / margin, high * margin


def _log_ticks(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, (last - first) // 7)
    decades = [10.0**power for power in range(first, last + 1, step)]
    ticks = [tick for tick in decades if low <= tick <= high]
    if len(ticks) >= 3:
        return ticks
    finer = [factor * 10.0**power for power in range(first, last + 1) for factor in (1, 2, 5)]
    return [tick for tick in finer if low <= tick <= high] or [low, high]


def _even_ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= raw)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _grid(x: Axis, y: Axis, across: _Scale, up: _Scale) -> str:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    parts = [f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{right - _LEFT}" height="{bottom - _TOP}"/>']
    for tick in across.ticks:
        place = across.place(tick)
        parts.append(f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(_text(place, bottom + 15, _tick(tick), "middle"))
    for tick in up.ticks:
        place = up.place(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{place:.1f}" y2="{place:.1f}"/>')
        parts.append(_text(_LEFT - 6, place + 4, _tick(tick), "end"))
    parts.append(_text((_LEFT + right) / 2, bottom + 34, x.label, "middle"))
    middle = (_TOP + bottom) / 2
    parts.append(f'<g transform="rotate(-90 14 {middle:.1f})">{_text(14, middle, y.label, "middle")}</g>')
    return "".join(parts)


def _tick(value: float) -> str:
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.5g}"
    digits, _, power = f"{value:.2e}".partition("e")
    return f"{float(digits):g}e{int(power)}"


def _line(line: Series, number: int, across: Callable[[float], float], up: Callable[[float], float]) -> str:
    places = [(across(first), up(second)) for first, second in line.points]
    path = [f"M{places[0][0]:.1f} {places[0][1]:.1f}"]
    for horizontal, vertical in places[1:]:
        path.append(f"H{horizontal:.1f}V{vertical:.1f}" if line.steps else f"L{horizontal:.1f} {vertical:.1f}")
    style = f'class="line s{number % COLOURS}" stroke-dasharray="{_dash(number)}"'
    parts = [f'<path {style} d="{"".join(path)}"/>']
    for (low, high), (horizontal, _) in zip(line.whiskers, places, strict=False):
        ends = f'y1="{up(low):.1f}" y2="{up(high):.1f}"'
        parts.append(f'<line class="whisker s{number % COLOURS}" x1="{horizontal:.1f}" x2="{horizontal:.1f}" {ends}/>')
    if line.markers or len(places) == 1:
        parts += [_marker(horizontal, vertical, number) for horizontal, vertical in places]
    return "".join(parts)


def _marker(horizontal: float, vertical: float, number: int) -> str:
    style = f'class="marker m{number % COLOURS}"'
    if number % 3 == 0:
        return f'<circle {style} cx="{horizontal:.1f}" cy="{vertical:.1f}" r="4"/>'
    if number % 3 == 1:
        return f'<rect {style} x="{horizontal - 3.5:.1f}" y="{vertical - 3.5:.1f}" width="7" height="7"/>'
    points = ((0.0, -4.5), (4.5, 3.5), (-4.5, 3.5))
    corners = " ".join(f"{horizontal + dx:.1f},{vertical + dy:.1f}" for dx, dy in points)
    return f'<polygon {style} points="{corners}"/>'


def _legend(name: str, number: int) -> str:
    height = HEIGHT + _LEGEND_LINE * number + 6
    style = f'class="line s{number % COLOURS}" stroke-dasharray="{_dash(number)}"'
    sample = f'<path {style} d="M{_LEFT} {height}H{_LEFT + 34}"/>{_marker(_LEFT + 17, height, number)}'
    return sample + _text(_LEFT + 42, height + 4, name, "start")


def _dash(number: int) -> str:
    return _DASHES[number % len(_DASHES)]


def _text(horizontal: float, vertical: float, text: str, anchor: str) -> str:
    return f'<text x="{horizontal:.1f}" y="{vertical:.1f}" text-anchor="{anchor}">{escape(text)}</text>'

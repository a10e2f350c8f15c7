"""Drawings: bars inside table cells, and plots whose curves stretch while their labels keep their size.

A plot is drawn on a canvas of 1000 × 1000 that the browser stretches to the room it has; tick labels are text beside
it. All drawings take their colours from the page's style sheet by CSS class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planner.console.markup import Markup, element

CANVAS = 1000.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a bar between two shares of its width, in a CSS class."""

    start: float
    end: float
    style: str


def bar(segments: Sequence[Segment], ticks: Sequence[tuple[float, str]] = ()) -> Markup:
    """Return a bar for a table cell: segments between shares 0..1 of the width, and tick marks (share, class).

    The numbers stand in the cells beside it, so it is hidden from screen readers.
    """
    shapes = [
        element(
            "rect",
            x=_percent(min(piece.start, piece.end)),
            width=_percent(abs(piece.end - piece.start)),
            y=2,
            height=12,
            class_=piece.style,
        )
        for piece in segments
        if piece.start != piece.end
    ]
    marks = [
        element("line", x1=_percent(share), x2=_percent(share), y1=0, y2=16, class_=f"tick {style}")
        for share, style in ticks
    ]
    return element("svg", *shapes, *marks, class_="bar", width="100%", height=16, aria_hidden="true")


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale of a plot: from ``low`` to ``high``, logarithmic if asked; ``ticks`` are (value, label) pairs."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.logarithmic and self.low <= 0):
            raise ValueError(f"an axis needs low < high, and low > 0 if logarithmic; got {self.low} and {self.high}")

    def share(self, value: float) -> float:
        """Return where a value lies, 0 at the low end and 1 at the high end, values outside at the nearer end."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            return math.log(inside / self.low) / math.log(self.high / self.low)
        return (inside - self.low) / (self.high - self.low)


def plot(label: str, x: Axis, y: Axis, shapes: Sequence[Markup], *, style: str = "") -> Markup:
    """Return a plot with grid and tick labels around shapes drawn on the canvas; ``label`` describes it in words."""
    grid = [
        element("line", x1=0, x2=CANVAS, y1=_down(y, value), y2=_down(y, value), class_="grid") for value, _ in y.ticks
    ]
    canvas = element(
        "svg",
        element("title", label),
        *grid,
        *shapes,
        viewBox="0 0 1000 1000",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )
    y_labels = [
        element("span", name, class_="ytick", style=f"top:{100 * (1 - y.share(value)):.4g}%") for value, name in y.ticks
    ]
    x_labels = [
        element("span", name, class_="xtick", style=f"left:{100 * x.share(value):.4g}%") for value, name in x.ticks
    ]
    return element("div", canvas, *y_labels, *x_labels, class_=f"plot {style}".strip())


def staircase(points: Sequence[tuple[float, float]], x: Axis, y: Axis, style: str) -> Markup:
    """Return a curve that keeps each value until the next point, up to the right end of the plot."""
    if not points:
        return Markup()
    return element("path", d=_steps(points, x, y) + f"H{_short(CANVAS)}", class_=f"curve {style}")


def band(low: Sequence[tuple[float, float]], high: Sequence[tuple[float, float]], axes: tuple[Axis, Axis]) -> Markup:
    """Return the area between two staircases, from where both are known to the right end of the plot."""
    if not low or not high:
        return Markup()
    start = max(low[0][0], high[0][0])
    corners = _corners(low, start, axes) + list(reversed(_corners(high, start, axes)))
    return element("path", d="M" + "L".join(f"{_short(a)} {_short(b)}" for a, b in corners) + "Z", class_="band")


def _corners(points: Sequence[tuple[float, float]], start: float, axes: tuple[Axis, Axis]) -> list[tuple[float, float]]:
    x, y = axes
    level = [value for moment, value in points if moment <= start][-1]
    corners = [(_right(x, start), _down(y, level))]
    for moment, value in points:
        if moment > start:
            corners += [(_right(x, moment), corners[-1][1]), (_right(x, moment), _down(y, value))]
    return [*corners, (CANVAS, corners[-1][1])]


def _steps(points: Sequence[tuple[float, float]], x: Axis, y: Axis) -> str:
    (first_x, first_y), *rest = points
    path = f"M{_short(_right(x, first_x))} {_short(_down(y, first_y))}"
    return path + "".join(f"H{_short(_right(x, a))}V{_short(_down(y, b))}" for a, b in rest)


def dot(point: tuple[float, float], axes: tuple[Axis, Axis], style: str, words: str) -> Markup:
    """Return a round dot, whatever the plot's proportions, that shows words when pointed at."""
    x, y = _right(axes[0], point[0]), _down(axes[1], point[1])
    return element("path", element("title", words), d=f"M{_short(x)} {_short(y)}h0", class_=f"dot {style}")


def whisker(start: tuple[float, float], end: tuple[float, float], axes: tuple[Axis, Axis], style: str = "") -> Markup:
    """Return a thin straight line between two points."""
    (x1, y1), (x2, y2) = ((_right(axes[0], a), _down(axes[1], b)) for a, b in (start, end))
    path = f"M{_short(x1)} {_short(y1)}L{_short(x2)} {_short(y2)}"
    return element("path", d=path, class_=f"whisker {style}".rstrip())


def padded_axis(low: float, high: float, label: Callable[[float], str], *, count: int = 4) -> Axis:
    """Return a linear axis with some room at both ends, round ticks on it labelled by ``label``."""
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    ends = low - room, high + room
    return Axis(*ends, ticks=tuple((tick, label(tick)) for tick in round_ticks(*ends, count)))


def column(place: float, width: float, span: tuple[float, float], style: str) -> Markup:
    """Return an upright rectangle on the canvas: left edge, width and vertical span as shares 0..1 from below."""
    low, high = span
    return element(
        "rect",
        x=_short(CANVAS * place),
        width=_short(CANVAS * width),
        y=_short(CANVAS * (1 - high)),
        height=_short(CANVAS * (high - low)),
        class_=style,
    )


def hover(place: float, width: float, words: str) -> Markup:
    """Return an invisible full-height strip that shows words when pointed at."""
    return element(
        "rect",
        element("title", words),
        x=_short(CANVAS * place),
        width=_short(CANVAS * width),
        y=0,
        height=CANVAS,
        class_="hover",
    )


def round_ticks(low: float, high: float, count: int = 4) -> tuple[float, ...]:
    """Return about ``count`` round numbers between two limits (steps of 1, 2 or 5 times a power of ten)."""
    if not low < high:
        return (low,)
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(k * step for k in range(first, last + 1))


def _right(x: Axis, value: float) -> float:
    return CANVAS * x.share(value)


def _down(y: Axis, value: float) -> float:
    return CANVAS * (1 - y.share(value))


def _percent(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.4g}%"


def _short(value: float) -> str:
    return f"{value:.5g}"

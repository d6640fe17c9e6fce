"""Draw charts as SVG text. The style sheet of the page gives the colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from kansr.numeric.arrays import Array
from kansr.show.report.axis import Axis

# In pixels.
WIDTH, HEIGHT = 360.0, 250.0  # of a chart
ABOVE, RIGHT, BELOW, LEFT = 8.0, 10.0, 40.0, 26.0  # margins around the plot; the left one beside the tick labels
LETTER = 6.2  # width of a digit
TICK_GAP = 8.0  # between two tick labels
# In letters.
X_LABEL, Y_LABEL = 44, 34  # of axis labels, which are cut beyond


@dataclass(frozen=True)
class Frame:
    """The plot area between two axes, and what can be drawn in it."""

    x: Axis
    y: Axis

    @property
    def left(self) -> float:
        """The x of the left edge of the plot, in pixels."""
        return LEFT + LETTER * max((len(text) for _, text in self.y.ticks()), default=1)

    def at(self, x: Array | Sequence[float], y: Array | Sequence[float]) -> Array:
        """The positions of points in pixels, (points, 2); nan outside the axes."""
        u, v = self.x.place(np.asarray(x, dtype=float)), self.y.place(np.asarray(y, dtype=float))
        inside = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
        place = np.column_stack(
            [self.left + u * (WIDTH - self.left - RIGHT), ABOVE + (1 - v) * (HEIGHT - ABOVE - BELOW)]
        )
        place[~inside] = np.nan
        return place

    def dots(self, x: Array, y: Array, style: str = "") -> str:
        """All points as one path: a line of length 0 with round ends is a dot."""
        places = self.at(x, y)
        path = "".join(f"M{u:.1f} {v:.1f}h0" for u, v in places[np.isfinite(places).all(axis=1)])
        return f'<path class="dots {style}" d="{path}"/>' if path else ""

    def line(self, x: Array | Sequence[float], y: Array | Sequence[float], style: str = "") -> str:
        """A polyline, with gaps at points that are not finite or outside the axes."""
        return f'<path class="line {style}" d="{path(self.at(x, y))}"/>'

    def bars(self, x: Array, low: Array, high: Array) -> str:
        """Error bars from low to high, cut off at the frame."""
        bottom = self.at(x, np.clip(low, self.y.low, self.y.high))
        top = self.at(x, np.clip(high, self.y.low, self.y.high))
        pieces = (f"M{u:.1f} {v:.1f}V{w:.1f}" for (u, v), (_, w) in zip(bottom, top) if np.isfinite(u))
        return f'<path class="line bar" d="{"".join(pieces)}"/>'

    def band(self, half: float) -> str:
        """The strip from -half to half, over the whole width."""
        reach = min(half, self.y.high, -self.y.low)
        (x, top), (end, bottom) = self.at([self.x.low, self.x.high], [reach, -reach])
        return f'<rect class="band" x="{x:.1f}" y="{top:.1f}" width="{end - x:.1f}" height="{bottom - top:.1f}"/>'

    def svg(self, marks: Iterable[str], title: str) -> Markup:
        """The chart with its axes. title: a description for readers who cannot see it."""
        return picture(WIDTH, HEIGHT, [*self._axes(), *marks], title)

    def _axes(self) -> list[str]:
        left, right, top, bottom = self.left, WIDTH - RIGHT, ABOVE, HEIGHT - BELOW
        parts = [f'<path class="axis" d="M{left:.1f} {top}V{bottom}H{right}"/>']
        for value, text in spaced(self.x.ticks(), right - left):
            x = left + float(self.x.place(np.array(value))) * (right - left)
            parts.append(f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/>')
            parts.append(words(x, bottom + 14, text, "middle"))
        for value, text in self.y.ticks():
            y = bottom - float(self.y.place(np.array(value))) * (bottom - top)
            parts.append(f'<path class="grid" d="M{left:.1f} {y:.1f}H{right}"/>')
            parts.append(words(left - 5, y + 3.5, text, "end"))
        parts.append(words((left + right) / 2, HEIGHT - 6, shortened(self.x.label, X_LABEL), "middle", "label"))
        middle = (top + bottom) / 2
        label = escape(shortened(self.y.label, Y_LABEL))
        turned = f'transform="rotate(-90 12 {middle})"'
        parts.append(f'<text class="label" x="12" y="{middle}" text-anchor="middle" {turned}>{label}</text>')
        return parts


def picture(width: float, height: float, parts: Iterable[str], title: str) -> Markup:
    """An <svg> element with a title; it takes the colours of the text around it."""
    box = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" {box} class="chart" role="img">'
    return Markup(f"{opened}<title>{escape(title)}</title>{''.join(parts)}</svg>")


def words(x: float, y: float, text: str, anchor: str = "start", style: str = "") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def path(places: Array) -> str:
    """The d attribute of a polyline through places, (points, 2), with a gap at each that is nan."""
    pieces, pen = [], False
    for u, v in places:
        if np.isfinite(u) and np.isfinite(v):
            pieces.append(f"{'L' if pen else 'M'}{u:.1f} {v:.1f}")
        pen = bool(np.isfinite(u) and np.isfinite(v))
    return "".join(pieces)


def spaced(ticks: list[tuple[float, str]], room: float) -> list[tuple[float, str]]:
    """All ticks, or every second or third one where labels would touch. room: width in pixels."""
    longest = max((len(text) for _, text in ticks), default=1)
    most = max(int(room / (LETTER * longest + TICK_GAP)), 1)
    return ticks[:: -(-len(ticks) // most)] if ticks else []


def shortened(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"

"""The specimen digits: how a person is asked to write them, as strokes of a pen.

Belongs here: ten shapes in a unit square, and turning points into curves. Does not belong here: where they are drawn
(`sheet`). The 1 has a short upstroke and the 7 a bar: a long upstroke is what gets read as 7.
"""

from typing import Final

Point = tuple[float, float]
Stroke = tuple[Point, ...]

SPECIMEN: Final[tuple[tuple[Stroke, ...], ...]] = (
    (((0.5, 0.0), (0.14, 0.22), (0.1, 0.6), (0.42, 1.0), (0.84, 0.72), (0.86, 0.28), (0.5, 0.0)),),
    (((0.32, 0.2), (0.58, 0.0)), ((0.58, 0.0), (0.55, 1.0))),
    (((0.12, 0.24), (0.48, 0.0), (0.84, 0.26), (0.5, 0.68), (0.1, 1.0)), ((0.1, 1.0), (0.9, 0.97))),
    (((0.14, 0.1), (0.52, 0.0), (0.8, 0.22), (0.42, 0.46)), ((0.42, 0.46), (0.88, 0.7), (0.52, 1.0), (0.1, 0.88))),
    (((0.36, 0.0), (0.1, 0.66)), ((0.1, 0.66), (0.92, 0.62)), ((0.68, 0.36), (0.62, 1.0))),
    (
        ((0.26, 0.03), (0.18, 0.44)),
        ((0.18, 0.44), (0.58, 0.4), (0.86, 0.68), (0.54, 1.0), (0.1, 0.9)),
        ((0.26, 0.03), (0.86, 0.0)),
    ),
    (((0.7, 0.0), (0.22, 0.4), (0.14, 0.78), (0.46, 1.0), (0.84, 0.76), (0.6, 0.5), (0.17, 0.66)),),
    (((0.1, 0.03), (0.88, 0.0)), ((0.88, 0.0), (0.5, 0.5), (0.34, 1.0)), ((0.26, 0.52), (0.78, 0.48))),
    (
        (
            (0.8, 0.14),
            (0.46, 0.0),
            (0.2, 0.22),
            (0.5, 0.46),
            (0.86, 0.74),
            (0.48, 1.0),
            (0.14, 0.76),
            (0.46, 0.48),
            (0.8, 0.14),
        ),
    ),
    (
        ((0.84, 0.2), (0.48, 0.0), (0.14, 0.28), (0.44, 0.52), (0.82, 0.34), (0.84, 0.2)),
        ((0.84, 0.2), (0.8, 0.6), (0.62, 1.0)),
    ),
)
"""Ten digits, each of one or more strokes, each stroke of points to pass through; x to the right, y down, 0 to 1."""


def smooth(stroke: Stroke) -> tuple[Point, list[tuple[Point, Point, Point]]]:
    """A stroke's first point, and a Bézier curve (two handles, end) to each of the others: Catmull and Rom's spline."""
    around = (stroke[-2] if stroke[0] == stroke[-1] else stroke[0], *stroke)
    around = (*around, stroke[1] if stroke[0] == stroke[-1] else stroke[-1])
    curves = []
    for before, start, end, after in zip(around, around[1:], around[2:], around[3:], strict=False):
        one = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        two = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        curves.append((one, two, end))
    return stroke[0], curves

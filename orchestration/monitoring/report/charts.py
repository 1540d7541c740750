"""Draw small pictures as SVG that wears the colours of the page, in light and in dark.

matplotlib is there already (mlflow brings it), draws without a browser, and its SVG is static: no
script, nothing to fetch. It draws in placeholder colours; each becomes a CSS variable of the page,
and texts stay texts, in the page's own type.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SERIES = ("s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8")
ROLES = ("ink", "dim", "grid", "good", "warn", "bad", "band", *SERIES)
COLOURS = {role: f"#0{number:x}fe{number:x}0" for number, role in enumerate(ROLES)}

# Wide enough for a phone held upright, where a unit is about a pixel; a desk shows it larger.
WIDTH, PANEL, GAP = 360, 70, 26
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 20, 24
UNIT = 72  # matplotlib counts in inches, SVG in its points
# Text is measured by another font than it is shown in; at this size labels still have room.
STYLE: dict[Any, Any] = {"svg.fonttype": "none", "font.size": 10.5, "axes.spines.top": False}
STYLE |= {"axes.spines.right": False, "axes.titlesize": 10.5, "axes.titlelocation": "left"}

_PREAMBLE = re.compile(
    r"^.*?(?=<svg)|<metadata>.*?</metadata>| xmlns(?::\w+)?=\"[^\"]*\"", re.DOTALL
)
_PATH = re.compile(r" (?:d|x|y|transform)=\"[^\"]*\"")
_DIGITS = re.compile(r"(\.\d)\d+")
_FONT = re.compile(r"font(?:-family)?: ([\d.]+px)? ?'DejaVu Sans'[^;\"]*;?")


@dataclass(slots=True)
class Chart:
    """A picture in the making: its panels one above the other, and what its colours mean."""

    figure: "Figure"
    panels: "list[Axes]"
    legend: dict[str, str] = field(default_factory=dict)
    """What each role stands for; shown as text of the page, which wraps where it is narrow."""

    def svg(self, name: str, label: str) -> str:
        """Return the picture as one element; `name` keeps its ids apart from other pictures'."""
        import matplotlib as mpl

        text = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
            self.figure.savefig(text, format="svg", metadata=nothing, transparent=True)
        drawn = _PATH.sub(
            lambda one: _DIGITS.sub(r"\1", one[0]), _PREAMBLE.sub("", text.getvalue())
        )
        drawn = _FONT.sub(lambda one: f"font-size: {one[1]};" if one[1] else "", drawn)
        for role, colour in COLOURS.items():
            drawn = drawn.replace(colour, f"var(--{role})")
        return drawn.replace("<svg", f'<svg role="img" aria-label="{label}"', 1).strip()


def chart(*titles: str) -> Chart:
    """Return a chart with a panel for each title, which may be empty; without any, one panel."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    titles = titles or ("",)
    panel = PANEL if len(titles) > 1 else 2.5 * PANEL
    height = TOP + BOTTOM + panel * len(titles) + GAP * (len(titles) - 1)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / UNIT, height / UNIT))
        # Margins that are known need no second drawing, in which a layout would be found.
        figure.subplots_adjust(
            left=LEFT / WIDTH,
            right=1 - RIGHT / WIDTH,
            bottom=BOTTOM / height,
            top=1 - (TOP if any(titles) else RIGHT) / height,
            hspace=GAP / panel,
        )
        FigureCanvasSVG(figure)
        panels = figure.subplots(len(titles), 1, squeeze=False, sharex=True)[:, 0]
        for one, title in zip(panels, titles, strict=True):
            _dress(one, title)
    return Chart(figure, list(panels))


def _dress(panel: "Axes", title: str) -> None:
    panel.set_title(title, color=COLOURS["ink"])
    panel.tick_params(colors=COLOURS["dim"], labelsize=10, length=0)
    panel.tick_params(axis="x", pad=6)
    panel.grid(axis="y", color=COLOURS["grid"], linewidth=0.8)
    panel.set_axisbelow(True)
    for spine in panel.spines.values():
        spine.set_color(COLOURS["grid"])


def dated(panel: "Axes", instants: Sequence[Any]) -> None:
    """Let the panel run over days; a single one stands in the middle."""
    from datetime import timedelta

    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=2, maxticks=6)  # type: ignore[no-untyped-call]
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
    margin = timedelta(days=1) if min(instants) == max(instants) else timedelta(hours=12)
    panel.set_xlim(min(instants) - margin, max(instants) + margin)


def from_zero(panel: "Axes", unit: str = "") -> None:
    """Let the heights of the panel begin at zero, and say in what they are; without, they count."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    panel.set_ylim(bottom=0)
    if panel.get_ylim()[1] <= 0:
        panel.set_ylim(top=1)
    panel.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=not unit))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda height, _: f"{short(height)}{unit}"))


def short(number: float) -> str:
    """Return a number as an axis has room for it: 1.2k, 35M."""
    for length, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= length:
            return f"{number / length:.3g}{sign}"
    return f"{number:.3g}"


def line(panel: "Axes", across: Sequence[Any], up: Sequence[Any], role: str) -> None:
    """Draw a line with a mark at each value; a value that is not known interrupts it."""
    heights = [float("nan") if height is None else height for height in up]
    panel.plot(across, heights, color=COLOURS[role], linewidth=1.4, marker=".", markersize=4)


def marks(panel: "Axes", across: Sequence[Any], up: Sequence[Any], role: str, sign: str) -> None:
    """Draw signs by themselves."""
    panel.plot(
        across, up, color=COLOURS[role], linestyle="", marker=sign, markersize=6, clip_on=False
    )


def stacked(
    panel: "Axes", across: Sequence[Any], layers: Mapping[str, Sequence[Any]], width: float
) -> None:
    """Draw bars of layers one upon the other; each layer, named by its role, is one path."""
    floor = [0.0] * len(across)
    for role, heights in layers.items():
        known = [height or 0.0 for height in heights]
        bars(panel, across, floor, known, role, width)
        floor = [low + height for low, height in zip(floor, known, strict=True)]


def bars(  # noqa: PLR0913, PLR0917 - where, how high, how wide
    panel: "Axes",
    across: Sequence[Any],
    floor: Sequence[float],
    heights: Sequence[float],
    role: str,
    width: float,
) -> None:
    """Draw all bars as one path: a thousand rectangles would be ten times the page."""
    from matplotlib.dates import date2num
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    as_number: Any = date2num
    places = [x if isinstance(x, int | float) else float(as_number(x)) for x in across]
    found = [
        Path(
            [(x - width / 2, y), (x - width / 2, y + h), (x + width / 2, y + h), (x + width / 2, y)]
        )
        for x, y, h in zip(places, floor, heights, strict=True)
        if h
    ]
    if found:
        whole = Path.make_compound_path(*found)
        panel.add_patch(PathPatch(whole, facecolor=COLOURS[role], edgecolor="none"))
        panel.autoscale_view()

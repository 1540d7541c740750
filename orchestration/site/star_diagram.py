"""The star of facts and dimensions, drawn from what dbterd reads in dbt's relationship tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

WIDTH, ROW, HEAD, GAP, SPACE = 250, 20, 30, 40, 110
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24; } .type { fill: #5b6470; }
.name { font-weight: 600; } rect { fill: #f6f8fa; stroke: #8b949e; } .head { fill: #dbe4f0; }
path { fill: none; stroke: #3a6ea5; stroke-width: 1.6; }
@media (prefers-color-scheme: dark) {
text { fill: #e6e9ed; } .type { fill: #9aa4b0; } rect { fill: #1d232a; stroke: #59636f; }
.head { fill: #2b3a4d; } path { stroke: #7fb2e5; } }
"""
Columns = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Link:
    """A column that points to another table's."""

    table: str
    column: str
    to_table: str
    to_column: str


@dataclass(frozen=True, slots=True)
class Box:
    """A table at its place."""

    name: str
    columns: Columns
    x: int
    y: int

    @property
    def height(self) -> int:
        """Of the head and its rows."""
        return HEAD + ROW * len(self.columns) + 6

    def y_of(self, column: str) -> int:
        """Return the middle of a column's row."""
        names = [name for name, _ in self.columns]
        return self.y + HEAD + ROW * names.index(column) + ROW // 2 + 2


def star_diagram(diagram: Mapping[str, Any]) -> str:
    """Return an SVG: the tables that point, between those that they point to.

    Args:
        diagram: dbterd's JSON.

    """
    names = {node["id"]: node["name"] for node in diagram["nodes"]}
    tables = {
        node["name"]: [(its["name"], its["data_type"]) for its in node["columns"]]
        for node in diagram["nodes"]
    }
    links = [
        Link(names[its["from_id"]], column, names[its["to_id"]], to_column)
        for its in diagram["edges"]
        for column, to_column in zip(its["from_columns"], its["to_columns"], strict=True)
    ]
    pointed = sorted({link.to_table for link in links})
    pointing = sorted({link.table for link in links} - set(pointed))
    columns = (pointed[::2], pointing, pointed[1::2])
    boxes = [
        box
        for number, names_of_column in enumerate(columns)
        for box in _stacked(tables, names_of_column, number * (WIDTH + SPACE) + 10)
    ]
    return _svg(boxes, links)


def _svg(boxes: Sequence[Box], links: Sequence[Link]) -> str:
    by_name = {box.name: box for box in boxes}
    width = 3 * (WIDTH + SPACE) - SPACE + 20
    height = max((box.y + box.height for box in boxes), default=0) + 10
    drawn = "".join(_line(by_name, link) for link in links) + "".join(map(_box, boxes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>Facts and dimensions</title><style>{STYLE}</style>{drawn}</svg>\n"
    )


def _stacked(tables: Mapping[str, Columns], names: Sequence[str], x: int) -> list[Box]:
    boxes, y = [], 10
    for name in names:
        boxes.append(Box(name, tables[name], x, y))
        y += boxes[-1].height + GAP
    return boxes


def _line(boxes: Mapping[str, Box], link: Link) -> str:
    start, end = boxes[link.table], boxes[link.to_table]
    y, to_y = start.y_of(link.column), end.y_of(link.to_column)
    goes_right = end.x > start.x
    x, to_x = (start.x + WIDTH, end.x) if goes_right else (start.x, end.x + WIDTH)
    bend = SPACE // 2 if goes_right else -SPACE // 2
    return f'<path d="M{x} {y} C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"/>'


def _box(box: Box) -> str:
    rows = "".join(
        f'<text x="{box.x + 10}" y="{box.y_of(name) + 4}">{escape(name)}</text>'
        f'<text class="type" x="{box.x + WIDTH - 10}" y="{box.y_of(name) + 4}"'
        f' text-anchor="end">{escape(kind)}</text>'
        for name, kind in box.columns
    )
    return (
        f'<rect x="{box.x}" y="{box.y}" width="{WIDTH}" height="{box.height}" rx="5"/>'
        f'<rect class="head" x="{box.x}" y="{box.y}" width="{WIDTH}" height="{HEAD}" rx="5"/>'
        f'<text class="name" x="{box.x + 10}" y="{box.y + 20}">{escape(box.name)}</text>{rows}'
    )

"""The recurring parts of the report: sections, tables, legends, bars in cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planner.console.markup import Markup, element, join


@dataclass(frozen=True, slots=True)
class Column:
    """A table column: ``numeric`` aligns right, ``bar`` widens it for a drawing, ``hint`` explains it on hover."""

    title: str
    numeric: bool = False
    bar: bool = False
    hint: str = ""

    @property
    def style(self) -> str | None:
        """CSS class of its cells."""
        return "n" if self.numeric else "barcell" if self.bar else None


def section(identifier: str, title: str, lead: str, *content: Markup) -> Markup:
    """Return a titled section; ``lead`` says in a sentence what it shows."""
    heading = element("h2", title, id=f"{identifier}-title")
    introduction = element("p", lead, class_="lead") if lead else Markup()
    return element("section", heading, introduction, *content, id=identifier, aria_labelledby=f"{identifier}-title")


def missing(identifier: str, title: str) -> Markup:
    """Return a section that says that the plan carries nothing to show."""
    note = "This plan carries no facts for this section: there was nothing to plan here, or an older version wrote it."
    return section(identifier, title, "", element("p", note, class_="missing"))


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, classes: str = "") -> Markup:
    """Return a table that scrolls sideways on narrow screens; the first cell of a row is its heading."""
    heads = [
        element("th", column.title, scope="col", class_=column.style, title=column.hint or None) for column in columns
    ]
    body = [
        element(
            "tr",
            element("th", cells[0], scope="row", class_=columns[0].style),
            *(element("td", cell, class_=column.style) for column, cell in zip(columns[1:], cells[1:], strict=True)),
        )
        for cells in rows
    ]
    return scroller(
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", *heads)),
            element("tbody", *body),
            class_=classes or None,
        ),
        caption,
    )


def scroller(content: Markup, label: str) -> Markup:
    """Return content in a box of its own that scrolls sideways, reachable by keyboard."""
    return element("div", content, class_="scroll", role="region", aria_label=label, tabindex="0")


def details(summary: str, *content: Markup) -> Markup:
    """Return content folded behind a line; printing unfolds it."""
    return element("details", element("summary", summary), *content)


def legend(*entries: tuple[str, str]) -> Markup:
    """Return a legend of (CSS class of the swatch, meaning) pairs."""
    return element(
        "ul",
        *(element("li", element("span", "", class_=f"swatch {style}"), meaning) for style, meaning in entries),
        class_="legend",
    )


def chip(label: str, style: str) -> Markup:
    """Return a small coloured label."""
    return element("span", label, class_=f"chip {style}")


def two_lines(main: str, small: str) -> Markup:
    """Return a cell of a main line with a smaller one below."""
    return join(main, element("small", small)) if small else join(main)

"""HTML and SVG as values: whatever is not markup already is escaped, so a page cannot forget to.

Elements are written as XML too (every element is closed), so that one page serves browsers and XML tools.
"""

from __future__ import annotations

import re

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VOID = frozenset({"br", "col", "hr", "line", "meta", "path", "rect", "wbr"})


class Markup(str):
    """Text that is HTML already; only this module and :func:`element` should make it."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """Return text as markup that shows it literally; characters XML forbids become U+FFFD."""
    clean = _NOT_XML.sub("\ufffd", text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        clean = clean.replace(sign, entity)
    return Markup(clean)


def join(*parts: str) -> Markup:
    """Return the parts one after the other, plain text escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def element(tag: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """Return an element; ``None`` attributes are left out.

    A trailing underscore of an attribute name is dropped (``class_``), other underscores become hyphens
    (``aria_label``). Void elements (and SVG shapes without children) close themselves.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_attribute(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID and not children:
        return Markup(f"<{tag}{written}/>")
    return Markup(f"<{tag}{written}>{join(*children)}</{tag}>")


def _attribute(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"

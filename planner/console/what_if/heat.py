"""How two factors act together: a heat map of their levels, and whether their effects add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.application.interactions import Interaction, PairCell
from planner.console.figures import counted, money
from planner.console.markup import Markup, element, join
from planner.console.page import details, legend, scroller, section
from planner.console.what_if.amounts import between

_ID, _TITLE = "heat", "How factors act together"
_DARK_FROM = 0.58
_MOST_FOLDED = 8


@dataclass(frozen=True, slots=True)
class Reference:
    """The case that gains are told over: its name, value and bound (None: not known)."""

    name: str
    value: float | None
    bound: float | None


def heat_section(found: Sequence[Interaction], reference: Reference) -> Markup:
    """Return the heat map of the first pair of factors, and the next ones folded."""
    if not found:
        return section(_ID, _TITLE, "No planned case has levels of two factors yet: cross factors, or list such cases.")
    first, *rest = found
    lead = (
        f"Mean gain over {reference.name} of the plans found at each pair of levels, darker where it is more; below it "
        "the interval in which that of the best plans lies. A corner marks where that holds both gain and loss."
    )
    content = [_map(first, reference)]
    if rest:
        shown = rest[:_MOST_FOLDED]
        left = f", {len(rest) - len(shown)} more by --heat FACTOR,FACTOR" if len(shown) < len(rest) else ""
        folded = [_map(each, reference) for each in shown]
        content.append(details(f"{counted(len(shown), 'further pair')} of factors{left}", *folded))
    return section(_ID, _TITLE, lead, *content)


def interaction_words(interaction: Interaction) -> str:
    """Return in a sentence how far two factors' effects are from adding up."""
    first, second = interaction.factors
    told = interaction.contrast
    if told is None:
        return (
            f"No two levels of {first} and of {second} were all planned together, so nothing tells how they interact."
        )
    less = "less" if told.found < 0 else "more"
    low, high = (None if end is None else abs(end) for end in (told.low, told.high))
    if not told.matched:
        proof = ", but other factors differ among these cases and are mixed in"
    elif told.is_proven and low is not None and high is not None:
        proof = (
            f"; between the best plans {money(min(low, high))} to {money(max(low, high))} {less}: proven not to add up"
        )
    else:
        proof = f"; between the best plans {between(told.low, told.high)}: undecided" if told.low is not None else ""
    return (
        f"Going from {second} {told.second[0]} to {told.second[1]} is worth {money(abs(told.found))} {less} "
        f"at {first} {told.first[1]} than at {told.first[0]}{proof}."
    )


def _map(interaction: Interaction, reference: Reference) -> Markup:
    first, second = interaction.factors
    means = [cell.value for cell in interaction.cells.values()]
    low, width = min(means), (max(means) - min(means)) or 1.0
    heads = [element("th", name, scope="col", class_="n") for name in interaction.second]
    lines = [
        element(
            "tr",
            element("th", row, scope="row"),
            *(_cell(interaction, (row, column), reference, scale=(low, width)) for column in interaction.second),
        )
        for row in interaction.first
    ]
    caption = f"{first} (rows) by {second} (columns)"
    grid = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", element("th", f"{first} \\ {second}", scope="col"), *heads)),
        element("tbody", *lines),
        class_="heat",
    )
    key = legend(("corner", "gain or loss is undecided"))
    return element("div", element("p", interaction_words(interaction)), scroller(grid, caption), key)


def _cell(
    interaction: Interaction, place: tuple[str, str], reference: Reference, *, scale: tuple[float, float]
) -> Markup:
    cell = interaction.cells.get(place)
    if cell is None:
        return element("td", "–", title="no planned case", class_="n free")
    low, high = _gain(cell, reference)
    found = cell.value if reference.value is None else cell.value - reference.value
    undecided = low is not None and high is not None and low <= 0 <= high
    depth = (cell.value - scale[0]) / scale[1]
    words = f"{counted(cell.cases, 'case')}, mean value {money(cell.value)}"
    interval = between(low, high)
    style = "n h" + (" dark" if depth >= _DARK_FROM else "") + (" over" if undecided else "")
    small = element("small", interval) if interval else Markup()
    spoken = element("span", " undecided", class_="sr") if undecided else Markup()
    return element("td", join(money(found), spoken, small), title=words, class_=style, style=f"--u:{100 * depth:.0f}%")


def _gain(cell: PairCell, reference: Reference) -> tuple[float | None, float | None]:
    low = None if reference.bound is None else cell.value - reference.bound
    high = None if cell.bound is None or reference.value is None else cell.bound - reference.value
    return low, high

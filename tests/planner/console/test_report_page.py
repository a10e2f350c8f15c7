"""The report as a page: complete, self-contained, well formed, the same every time, and safe with hostile text."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import polars as pl
import pytest

from planner.console.report import render_report
from planner.domain.plan import Plan
from tests.planner.console.reported_plan import reported_plan, with_clause_cell
from tests.scenario_builder import small_scenario

HOSTILE = "<script>alert('x')</script>&\"\x00"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return reported_plan()


@pytest.fixture(scope="module")
def page(plan) -> str:
    return render_report(plan)


def tree(page: str) -> ET.Element:
    return ET.fromstring(page)  # noqa: S314 - our own page


def section_text(page: str, identifier: str) -> str:
    found = tree(page).find(f".//section[@id='{identifier}']")
    assert found is not None
    return " ".join("".join(found.itertext()).split())


def rows_of(page: str, identifier: str) -> list[list[str]]:
    found = tree(page).find(f".//section[@id='{identifier}']")
    assert found is not None
    return [["".join(cell.itertext()) for cell in row] for row in found.iter("tr")]


class Balance(HTMLParser):
    """Records elements that are closed in another order than they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - the base class names it
        """Open an element."""
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Ignore an element that closes itself."""

    def handle_endtag(self, tag):
        """Close an element."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_page_is_well_formed_html_and_xml(page):
    """Every element is closed where it was opened, for HTML and for XML readers."""
    balance = Balance()
    balance.feed(page)
    assert (balance.wrong, balance.open) == ([], [])
    assert tree(page).tag == "html"


def test_same_plan_gives_the_same_bytes(plan, page):
    """Rendering twice, also from freshly computed facts, gives the same bytes."""
    assert render_report(plan) == page
    assert render_report(reported_plan()) == page


def test_page_needs_nothing_but_itself(page):
    """There is no script, no image, no style sheet and no address outside the page."""
    root = tree(page)
    assert not {element.tag for element in root.iter()} & {"script", "img", "link", "iframe", "object"}
    assert all(element.get("href", "#").startswith("#") for element in root.iter())
    assert not re.search(r"https?://|@import|url\(", page)


def test_links_of_the_page_lead_somewhere(page):
    """Every internal link has its target, and no id is used twice."""
    root = tree(page)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {element.get("href") for element in root.iter("a")} <= {f"#{identifier}" for identifier in ids}


def test_headline_tells_worth_bounds_and_end(page, plan):
    """Value, both bounds with their gaps, why it stopped and whether it can be repeated stand in the head."""
    head = " ".join("".join(tree(page).find(".//header").itertext()).split())
    for words in (
        "EUR",
        "Proved gap",
        "Checked gap",
        "the work limit was used up",
        "reproducible",
        "seed 3",
        "Data: invented for tests",
    ):
        assert words in head
    assert f"{plan.summary['value']:.2f}".replace("-", "−") in head


def test_every_clause_appears_with_contract_measure_and_price(page, plan):
    """Each clause id, also of bans without a measure, is on the page; each measured row has its own line."""
    text = section_text(page, "clauses")
    assert all(clause.id in text and clause.contract in text for clause in small_scenario().clauses)
    measured = [row for row in rows_of(page, "clauses") if len(row) == 11 and row[0] != "Clause"]
    assert len(measured) == plan["clauses"].height
    assert all(row[-1] == "0.25" for row in measured)


def test_clauses_that_cost_most_come_first(plan):
    """Paid penalties lead, then prices; a violated row says so."""
    rows = rows_of(render_report(with_clause_cell(plan, 0, price=99.0)), "clauses")
    names = [row[0] for row in rows if len(row) == 11][1:]
    assert names[:2] == ["dist/parity", "oil/take"]
    assert names[2] == plan["clauses"]["clause"][0]
    assert rows[1][3] == "violated"


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("progress", "Gap, logarithmic"),
        ("value", "Clause penalties"),
        ("capacity", "1901"),
        ("families", "care"),
        ("orders", "dist-a"),
        ("suppliers", "oil/rebate"),
        ("incentives", "brand"),
        ("offers", "O2"),
        ("certificate", "dual bound of the MIP"),
        ("origin", "invented for tests"),
    ],
)
def test_sections_show_their_facts(page, section, words):
    """Every section of a complete plan names what it is about."""
    assert words in section_text(page, section)


def test_capacity_marks_overtime(page):
    """A period with overtime is marked for eyes and for screen readers; others are not."""
    cells = [cell for cell in tree(page).iter("td") if "over" in (cell.get("class") or "").split()]
    assert [cell.get("title") for cell in cells] == ["1901, period 2: used 0 of 30, overtime 1"]
    assert "with overtime" in "".join(cells[0].itertext())


def test_rebate_says_what_is_missing_to_the_next_tier(page):
    """Nine units bought reach the tier from eight and miss seven to sixteen."""
    assert ["oil/rebate", "horizon", "9", "2 %", "7"] in rows_of(page, "suppliers")


def test_leaves_of_the_certificate_are_told_in_words(page):
    """The leaf with the largest bound leads; narrowed tiers are named, and provers of a kind counted together."""
    assert rows_of(page, "certificate")[-2:] == [
        ["leaf-1", "oil/rebate: tier 2; oil/bonus in window 1: tier 1", "120.00", "120.00", "the checked bound"],
        ["leaf-0", "oil/rebate: tier 0 or 1", "130.00", "110.00", "2 plants: dual bound; 1 segment: response"],
    ]


def test_capacity_beyond_regular_is_darker(plan):
    """Use above regular capacity has a shade of its own, so that overtime weeks can be told apart."""
    facts = json.loads(json.dumps(plan.summary["facts"]))
    facts["capacity"][0]["used"] = [1.2 * (limit or 0.0) for limit in facts["capacity"][0]["regular"]]
    page = render_report(dataclasses.replace(plan, summary={**plan.summary, "facts": facts}))
    assert "--u:100%;--x:80%" in page
    assert "--x" not in section_text(page, "capacity")


def test_history_curves_cover_value_and_bound(page):
    """Value, bound and gap are drawn, and the table behind them has all moments."""
    drawn = {element.get("class") for element in tree(page).find(".//section[@id='progress']").iter("path")}
    assert {"curve value", "curve bound", "curve gap", "band"} <= drawn
    assert len(rows_of(page, "progress")) == 1 + 4


@pytest.mark.parametrize(
    "history",
    [
        [[0.0, None, None]],
        [[0.0, 5.0, None]],
        [[0.0, None, 5.0]],
        [[0.0, 5.0, 5.0]],
        [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
        [[1.0, -1e12, 3.0], [2.0, 3.0, 2.9]],
        [["soon", 1, 2], None, [1.0]],
    ],
)
def test_odd_histories_are_drawn_or_named_missing(history):
    """A history without value, bound, time or sense still gives a well-formed page."""
    assert tree(render_report(reported_plan(history=history))).tag == "html"


def test_hostile_text_stays_text(plan):
    """Ids and titles that look like markup are shown literally, wherever they come from."""
    facts = json.dumps(plan.summary["facts"])
    for name in ("Small scenario for tests", "invented for tests", "1901", "care", "dist-a", "oilco", "O2", "brand"):
        facts = facts.replace(json.dumps(name), json.dumps(name + HOSTILE))
    text = pl.col("clause", "contract") + HOSTILE
    tables = {**plan.tables, "clauses": plan["clauses"].with_columns(text)}
    summary = {
        **plan.summary,
        "facts": json.loads(facts),
        "stopped_by": HOSTILE,
        "scenario_id": HOSTILE,
        "plan_hash": HOSTILE,
        "proved_by": {HOSTILE: HOSTILE},
        "certificate": {HOSTILE: [HOSTILE]},
        "parameters": {HOSTILE: HOSTILE},
    }
    page = render_report(Plan(tables, summary))
    assert not list(tree(page).iter("script"))
    assert "<script" not in page
    assert "<script>alert('x')</script>&\"\ufffd" in section_text(page, "clauses")


def test_plan_without_facts_says_so(plan):
    """An older plan gives a page whose sections name what is missing, and still its clauses."""
    bare = Plan(plan.tables, {"value": 1.0})
    page = render_report(bare)
    for section in ("progress", "value", "capacity", "families", "orders", "incentives", "offers", "certificate"):
        assert "carries no facts" in section_text(page, section)
    assert "dist/parity" in section_text(page, "clauses")


def mutilated(value: object, wrong: object, keep: int) -> object:
    """Return JSON with every branch deeper than ``keep`` levels replaced."""
    if keep == 0:
        return wrong
    if isinstance(value, dict):
        return {name: mutilated(inner, wrong, keep - 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [mutilated(inner, wrong, keep - 1) for inner in value]
    return value


@pytest.mark.parametrize("wrong", [None, "text", 7, [], {}, [None], [[1]], True])
@pytest.mark.parametrize("keep", [0, 1, 2, 3, 4, 5])
def test_facts_of_another_shape_never_break_the_page(plan, wrong, keep):
    """Whatever level of plan.json has another shape, the page is rendered and well formed."""
    odd = dataclasses.replace(plan, summary=mutilated(dict(plan.summary), wrong, keep) if keep else {"facts": wrong})
    assert tree(render_report(odd)).tag == "html"


def test_what_a_replay_depends_on_is_told():
    """Library versions, backends and the place where a run stopped stand beside parameters and hashes."""
    page = render_report(
        reported_plan(
            stopped_at={"steps": 31, "incumbent": "2-ab", "whole": True},
            libraries={"highspy": "1.13.1"},
            backends={"plant": "highs"},
            parameters={"gap": 0.01, "stop": None},
        )
    )
    for words in ("stopped at incumbent", "2-ab", "library highspy", "1.13.1", "backend of plant"):
        assert words in page
    assert ">stop<" not in page

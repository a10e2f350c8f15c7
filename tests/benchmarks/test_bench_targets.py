"""Targets are met, missed or not measured, and never met by a contender that was refuted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.results import Ending, Turn
from benchmarks.subject import Target
from benchmarks.targets import Judgement, Mark, judge
from tests.benchmarks.bench_toys import results, turn


def _judged(*turns: Turn, **changes: Any) -> Judgement:
    fields: dict[str, Any] = {"text": "t", "case": "c", "contender": "ours", "figure": "total_s", **changes}
    (judgement,) = judge(results(*turns, targets=(Target(**fields),)))
    return judgement


@pytest.mark.parametrize(
    ("aim", "mark"),
    [
        ({"at_most": 2.0}, Mark.MET),
        ({"at_most": 0.5}, Mark.MISSED),
        ({"at_least": 0.5}, Mark.MET),
        ({"at_least": 0.5, "at_most": 0.9}, Mark.MISSED),
        ({"against": "peer", "at_most": 0.25}, Mark.MET),
        ({"against": "peer", "at_most": 0.2}, Mark.MISSED),
        ({"against_figure": "build_s", "at_most": 2.5}, Mark.MET),
        ({"figure": "nothing", "at_most": 1.0}, Mark.NOT_MEASURED),
        ({"figure": "gap", "at_most": 1e-3}, Mark.MET),
    ],
)
def test_a_target_is_held_against_medians_and_ratios(aim: dict[str, Any], mark: Mark) -> None:
    """Figures, ratios to the peer and ratios to another figure of the same contender are judged alike."""
    own = [
        replace(turn("ours", number=n, total_s=seconds, build_s=0.5), gap=1e-4)
        for n, seconds in enumerate((1.0, 9.0, 1.0))
    ]
    judgement = _judged(*own, turn("peer", total_s=4.0), **aim)
    assert judgement.mark is mark
    assert judgement.figure is not None or judgement.why


def test_a_peer_stopped_at_its_limit_can_prove_a_target_but_not_miss_it() -> None:
    """The bound of a ratio decides only where it can."""
    peer = turn("peer", ending=Ending.STOPPED, total_s=30.0)
    assert _judged(turn("ours", total_s=1.0), peer, against="peer", at_most=0.1).mark is Mark.MET
    assert _judged(turn("ours", total_s=9.0), peer, against="peer", at_most=0.1).mark is Mark.NOT_MEASURED
    assert _judged(peer, contender="peer", at_least=20.0).mark is Mark.MET
    assert _judged(peer, contender="peer", at_most=20.0).mark is Mark.MISSED
    assert _judged(peer, contender="peer", at_most=40.0).mark is Mark.NOT_MEASURED


def test_a_refuted_or_failed_contender_misses_whatever_its_figures() -> None:
    """A figure of a wrong answer counts for nothing, and the reason is told."""
    refuted = replace(turn("ours", total_s=0.1), problems=("claimed 5, recomputed 4",))
    assert _judged(refuted, at_most=1.0).mark is Mark.MISSED
    assert "recomputed 4" in _judged(refuted, at_most=1.0).why
    assert _judged(turn("ours", ending=Ending.CRASHED), at_most=1.0).mark is Mark.MISSED


def test_what_did_not_run_is_not_measured_with_its_reason() -> None:
    """A target without turns, or whose peer has none, says which."""
    assert _judged(at_most=1.0).mark is Mark.NOT_MEASURED
    judgement = _judged(turn("ours", total_s=1.0), against="peer", at_most=1.0)
    assert judgement.mark is Mark.NOT_MEASURED
    assert "peer" in judgement.why


def test_ratios_are_judged_first() -> None:
    """Ratios to peers come before plain figures."""
    plain = Target(text="plain", case="c", contender="ours", figure="total_s", at_most=1.0)
    quotient = Target(text="ratio", case="c", contender="ours", figure="total_s", against="peer", at_most=1.0)
    assert [j.target.text for j in judge(results(targets=(plain, quotient)))] == ["ratio", "plain"]

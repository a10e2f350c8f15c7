"""Prices in a box: the best bound never rises, signs are kept, and the box follows success."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.coordination.price_box import FIRST_RADIUS, LEAST_SHRINK, Cut, PriceBox
from solvers.core.program import Floats
from solvers.network.block import Links
from solvers.network.verify import sign_correct
from tests.solvers.small_programs import INF, links

HIGHS = backend("highs")
KINDS = ((-INF, 5.0), (2.0, INF), (3.0, 3.0), (1.0, 4.0))


class Agents:
    """Two agents with a few proposals each; their exact bound at any prices, and the proposals behind it."""

    def __init__(self, seed: int, rows: int) -> None:
        rng = np.random.default_rng(seed)
        self.worth = rng.uniform(0, 20, (2, 4))
        self.activity = np.round(rng.uniform(-3, 3, (2, 4, rows)), 2)

    def answer(self, prices: Floats, rows: Links) -> tuple[float, tuple[Cut, ...]]:
        """The Lagrangian bound at some prices, with the proposals that give it."""
        values = self.worth - self.activity @ prices
        best = values.argmax(axis=1)
        side = np.where(prices > 0, rows.upper, np.where(prices < 0, rows.lower, 0.0))
        cuts = tuple(Cut(str(i), float(self.worth[i, j]), self.activity[i, j]) for i, j in enumerate(best))
        return float(prices @ side + values.max(axis=1).sum()), cuts


def start(rows: Links, seed: int) -> Floats:
    """Sign-correct prices to start from."""
    return sign_correct(np.random.default_rng(seed).normal(0, 2, len(rows.labels)), rows.lower, rows.upper)


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_the_best_bound_never_rises_and_prices_keep_their_signs(seed: int) -> None:
    """Round after round the box's bound falls or stays, and every proposed price fits its row's finite bounds."""
    rows = links(KINDS[:3])
    agents, box = Agents(seed, len(KINDS[:3])), PriceBox(rows, start(rows, seed))
    prices, last = box.centre, INF
    for _ in range(12):
        bound, cuts = agents.answer(prices, rows)
        fell = box.observe(prices, bound, cuts)
        assert fell == (bound < last)
        assert box.bound == min(last, bound)
        last = box.bound
        proposed = box.propose(HIGHS)
        if proposed is None:
            break
        # Up to what a solver misses bounds by; whoever asks at these prices drops such dust.
        np.testing.assert_allclose(sign_correct(proposed, rows.lower, rows.upper), proposed, atol=1e-9)
        size = np.abs(box.centre)
        half = box.radius * np.maximum(size, np.median(size[size > 0]) if size.any() else 1.0)
        assert (np.abs(proposed - box.centre) <= half + 1e-7).all()
        prices = proposed


def test_success_moves_and_widens_the_box_failure_narrows_it() -> None:
    """The first answer only sets the bound; a better one moves the centre and widens; a worse one narrows."""
    rows = links([(-INF, 1.0)])
    box = PriceBox(rows, np.array([2.0]))
    cut = Cut("a", 1.0, np.array([1.0]))
    assert box.observe(np.array([2.0]), 10.0, (cut,))
    assert (box.bound, box.radius) == (10.0, FIRST_RADIUS)
    assert not box.observe(np.array([3.0]), 11.0, (cut,))
    assert (box.bound, box.centre.tolist()) == (10.0, [2.0])
    assert box.radius < FIRST_RADIUS
    narrow = box.radius
    assert box.observe(np.array([1.5]), 9.0, (cut,))
    assert (box.bound, box.centre.tolist()) == (9.0, [1.5])
    assert box.radius > narrow


def test_the_box_does_not_grow_without_end() -> None:
    """However long success lasts, the box stays within the size of the prices."""
    box = PriceBox(links([(-INF, 1.0)]), np.array([2.0]))
    for bound in range(100, 0, -1):
        box.observe(np.array([2.0]), float(bound), ())
    assert box.radius == 1.0


def test_the_proposal_minimises_the_model_of_the_bound() -> None:
    """Two cuts of one agent cross at price 1.05 inside the box: there the model is least."""
    rows = links([(-INF, 1.0)])
    box = PriceBox(rows, np.array([1.0]), radius=0.5)
    # Model: π·1 + max(10 − 3π, 5.8 + π): falls until the cuts cross at 4.2 = 4π.
    box.observe(np.array([1.0]), 8.2, (Cut("a", 10.0, np.array([3.0])), Cut("a", 5.8, np.array([-1.0]))))
    proposed = box.propose(HIGHS)
    assert proposed is not None
    np.testing.assert_allclose(proposed, [1.05], atol=1e-9)


def test_nothing_is_proposed_where_the_model_promises_nothing() -> None:
    """With cuts that already meet the bound at the centre no prices are better."""
    rows = links([(-INF, 2.0)])
    box = PriceBox(rows, np.array([1.0]), radius=0.5)
    box.observe(np.array([1.0]), 7.0, (Cut("a", 7.0, np.array([2.0])),))
    assert box.propose(HIGHS) is None


def test_a_row_without_bounds_needs_no_price() -> None:
    """A linking row that nothing limits has price 0 and spoils no master."""
    rows = links([(-INF, INF), (-INF, 1.0)])
    box = PriceBox(rows, np.array([0.0, 1.0]), radius=0.5)
    box.observe(np.array([0.0, 1.0]), 9.0, (Cut("a", 9.0, np.array([1.0, 3.0])), Cut("a", 5.0, np.array([0.0, -1.0]))))
    proposed = box.propose(HIGHS)
    assert proposed is not None
    assert proposed[0] == 0.0


def test_a_row_with_two_different_bounds_is_modelled_by_the_side_its_price_takes() -> None:
    """A ranged row costs upper·π for π > 0 and lower·π for π < 0, so the model never promises less than the truth."""
    rows = links([(1.0, 4.0)])
    box = PriceBox(rows, np.array([0.2]), radius=1.0)
    box.observe(np.array([0.2]), 5.2, (Cut("a", 5.0, np.array([3.0])), Cut("a", 5.0, np.array([2.0]))))
    proposed = box.propose(HIGHS)
    assert proposed is None or proposed[0] == pytest.approx(0.0, abs=1e-9)


def test_the_box_narrows_the_more_a_step_loses() -> None:
    """A step that loses a hundred times what the model promised leaves a smaller box than one that loses a little."""
    left = {}
    for loss in (0.01, 100.0):
        box = PriceBox(links([(-INF, 1.0)]), np.array([2.0]))
        box.observe(box.centre, 10.0, (Cut("a", 8.0, np.array([3.0])),))
        proposed = box.propose(HIGHS)
        assert proposed is not None
        gain = 10.0 - box.promised
        assert gain > 0
        assert not box.observe(proposed, 10.0 + loss * gain, ())
        left[loss] = box.radius
    assert left[100.0] < left[0.01] < FIRST_RADIUS
    assert left[100.0] == pytest.approx(LEAST_SHRINK * FIRST_RADIUS)


def test_prices_that_promise_next_to_nothing_are_not_proposed() -> None:
    """Where the model leaves less than a hundred-thousandth of the bound to gain, no prices are proposed."""
    box = PriceBox(links([(-INF, 1.0)]), np.array([2.0]))
    best = float(box.centre[0] * 1.0 + 8.0 - 3.0 * box.centre[0])
    box.observe(
        box.centre,
        best,
        (
            Cut("a", 8.0, np.array([3.0])),
            Cut("a", 4.0, np.array([1.0])),
        ),
    )
    assert box.propose(HIGHS) is None

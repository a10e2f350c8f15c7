"""Which of two planned cases is better, as far as their values and bounds prove it.

The best plan of a case is worth something between the value found and its checked bound. So the difference of two best
plans lies between (value of the first − bound of the second) and (bound of the first − value of the second). Values
that are recomputed hold within 1e-6 of themselves, so intervals are widened by that much.
"""

from __future__ import annotations

import polars as pl

BETTER, WORSE, UNDECIDED, NEITHER = "proven better", "proven worse", "undecided", "neither can be planned"
_TOLERANCE = 1e-6
INFEASIBLE = "infeasible"


def pairwise(cases: pl.DataFrame, bounds: str = "bound_checked") -> pl.DataFrame:
    """Return every pair of cases, in the order of the rows: which is better, and the cheapest step to find out.

    ``cases`` has columns key, name, outcome, value, bound_checked, seconds; a case without a plan has no value, and an
    infeasible one is worse than any that can be planned. The result has columns first, second (names), first_key,
    second_key, low, high (the difference of the best values, first − second), verdict, and, where undecided, next (name
    of the case to plan further), next_gap (relative, at which the pair is decided) and next_seconds, estimated as the
    seconds it took times how much narrower its gap must get. ``bounds`` may name a column of other bounds, such as
    ``bound_proved``: then verdicts rest on what solvers claim.
    """
    sides = _sides(cases, bounds).with_row_index("place")
    pairs = sides.join_where(sides, pl.col("place") < pl.col("place_right"))
    value, bound, value_r, bound_r = (pl.col(name) for name in ("value", "bound", "value_right", "bound_right"))
    finite = value.is_finite() & value_r.is_finite()
    slack = pl.when(finite).then(_TOLERANCE * (value.abs() + value_r.abs())).otherwise(0.0)
    compared = pairs.with_columns(low=value - bound_r - slack, high=bound - value_r + slack).with_columns(
        verdict=pl.when(pl.col("infeasible") & pl.col("infeasible_right"))
        .then(pl.lit(NEITHER))
        .when(pl.col("low") > 0)
        .then(pl.lit(BETTER))
        .when(pl.col("high") < 0)
        .then(pl.lit(WORSE))
        .otherwise(pl.lit(UNDECIDED))
    )
    return (
        _with_next_step(compared)
        .sort("place", "place_right")
        .select(
            pl.col("name").alias("first"),
            pl.col("name_right").alias("second"),
            pl.col("key").alias("first_key"),
            pl.col("key_right").alias("second_key"),
            *(
                pl.when(pl.col(side).is_nan()).then(None).otherwise(pl.col(side)).alias(side)
                for side in ("low", "high")
            ),
            "verdict",
            "next",
            "next_gap",
            "next_seconds",
        )
    )


def _sides(cases: pl.DataFrame, bounds: str) -> pl.DataFrame:
    """Return key, name, seconds, value and bound of the best plan of each case, infinite where nothing is known."""
    infeasible = pl.col("outcome") == INFEASIBLE
    return cases.select(
        "key",
        "name",
        "seconds",
        infeasible.alias("infeasible"),
        pl.col("value").fill_null(-float("inf")),
        pl.when(infeasible).then(-float("inf")).otherwise(pl.col(bounds).fill_null(float("inf"))).alias("bound"),
    )


def _with_next_step(pairs: pl.DataFrame) -> pl.DataFrame:
    """Add the cheaper of two steps: bring the bound of the seeming loser below the winner's value, or that above it."""
    ahead = pl.col("value") >= pl.col("value_right")

    def side(name: str, *, winner: bool) -> pl.Expr:
        own, other = pl.col(name), pl.col(f"{name}_right")
        return pl.when(ahead == winner).then(own).otherwise(other)

    value, bound = side("value", winner=True), side("bound", winner=True)
    low_value, low_bound = side("value", winner=False), side("bound", winner=False)
    # Below these gaps the loser's bound is under the winner's value, or the winner's value over the loser's bound.
    narrowed = pl.struct(gap=(value - low_value) / low_value.abs(), now=(low_bound - low_value) / low_value.abs())
    raised = pl.struct(gap=(bound - low_bound) / low_bound.abs(), now=(bound - value) / value.abs())

    def seconds(step: pl.Expr, taken: pl.Expr) -> pl.Expr:
        gap, now = step.struct.field("gap"), step.struct.field("now")
        known = gap.is_finite() & (gap > 0) & now.is_finite()
        return pl.when(known).then(taken * (now / gap).clip(1.0)).otherwise(float("inf"))

    of_loser = seconds(narrowed, side("seconds", winner=False))
    of_winner = seconds(raised, side("seconds", winner=True))
    open_ = (pl.col("verdict") == UNDECIDED) & (pl.min_horizontal(of_loser, of_winner) < float("inf"))
    first = of_loser <= of_winner
    return pairs.with_columns(
        next=pl.when(open_ & first).then(side("name", winner=False)).when(open_).then(side("name", winner=True)),
        next_gap=pl.when(open_ & first).then(narrowed.struct.field("gap")).when(open_).then(raised.struct.field("gap")),
        next_seconds=pl.when(open_).then(pl.min_horizontal(of_loser, of_winner)),
    )

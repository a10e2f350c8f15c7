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
    compared = _compared(cases, bounds)
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


def decisive_steps(cases: pl.DataFrame, against: str, bounds: str = "bound_checked") -> pl.DataFrame:
    """Return every step that would decide an undecided pair, up to two a pair, as :func:`pairwise` estimates them.

    ``cases`` and ``bounds`` are as there; ``against`` is the key of the case that the others are compared with. Columns
    are first_key, second_key (the pair), key (of the case to plan further), gap (that decides the pair), seconds,
    and rank: 0 for pairs with ``against``, 1 for pairs of two leading cases, 2 for others. A case is leading while its
    best plan may be the best of all: its bound is not below the best value found. Pairs that no gap decides are left
    out.
    """
    steps = _with_steps(_compared(cases, bounds).filter(pl.col("verdict") == UNDECIDED)).rename(
        {"key": "first_key", "key_right": "second_key"}
    )
    sided = [
        steps.select(
            "first_key", "second_key", *(pl.col(f"{side}_{name}").alias(name) for name in ("key", "gap", "seconds"))
        )
        for side in ("loser", "winner")
    ]
    return (
        pl.concat(sided)
        .filter(pl.col("seconds").is_finite() & (pl.col("gap") > 0))
        .with_columns(rank=_rank("first_key", "second_key", against, _leaders(cases, bounds)))
    )


def undecided_pairs(cases: pl.DataFrame, against: str, bounds: str = "bound_checked") -> pl.DataFrame:
    """Return the undecided pairs as first_key, second_key and rank, with arguments and ranks of `decisive_steps`."""
    undecided = _compared(cases, bounds).filter(pl.col("verdict") == UNDECIDED)
    keys = undecided.select(pl.col("key").alias("first_key"), pl.col("key_right").alias("second_key"))
    return keys.with_columns(rank=_rank("first_key", "second_key", against, _leaders(cases, bounds)))


def _leaders(cases: pl.DataFrame, bounds: str) -> list[str]:
    sides = _sides(cases, bounds)
    return sides.filter(pl.col("bound") >= sides["value"].max())["key"].to_list()


def _rank(first: str, second: str, against: str, leaders: list[str]) -> pl.Expr:
    with_reference = (pl.col(first) == against) | (pl.col(second) == against)
    both_lead = pl.col(first).is_in(leaders) & pl.col(second).is_in(leaders)
    return pl.when(with_reference).then(0).when(both_lead).then(1).otherwise(2)


def _compared(cases: pl.DataFrame, bounds: str) -> pl.DataFrame:
    """Return every pair with both sides, the interval of their difference and the verdict."""
    sides = _sides(cases, bounds).with_row_index("place")
    pairs = sides.join_where(sides, pl.col("place") < pl.col("place_right"))
    value, bound, value_r, bound_r = (pl.col(name) for name in ("value", "bound", "value_right", "bound_right"))
    slack = _slack(value, value_r)
    return pairs.with_columns(low=value - bound_r - slack, high=bound - value_r + slack).with_columns(
        verdict=pl.when(pl.col("infeasible") & pl.col("infeasible_right"))
        .then(pl.lit(NEITHER))
        .when(pl.col("low") > 0)
        .then(pl.lit(BETTER))
        .when(pl.col("high") < 0)
        .then(pl.lit(WORSE))
        .otherwise(pl.lit(UNDECIDED))
    )


def _slack(value: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Return by how much a difference of two recomputed values may be wrong; 0 where one is not known."""
    finite = value.is_finite() & other.is_finite()
    return pl.when(finite).then(_TOLERANCE * (value.abs() + other.abs())).otherwise(0.0)


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
    stepped = _with_steps(pairs)
    of_loser, of_winner = pl.col("loser_seconds"), pl.col("winner_seconds")
    open_ = (pl.col("verdict") == UNDECIDED) & (pl.min_horizontal(of_loser, of_winner) < float("inf"))
    first = of_loser <= of_winner

    def cheaper(name: str) -> pl.Expr:
        return pl.when(open_ & first).then(pl.col(f"loser_{name}")).when(open_).then(pl.col(f"winner_{name}"))

    return stepped.with_columns(next=cheaper("name"), next_gap=cheaper("gap"), next_seconds=cheaper("seconds"))


def _with_steps(pairs: pl.DataFrame) -> pl.DataFrame:
    """Add both steps: key, name, gap and seconds of the seeming loser and winner; infinite seconds where none helps."""
    ahead = pl.col("value") >= pl.col("value_right")

    def side(name: str, *, winner: bool) -> pl.Expr:
        own, other = pl.col(name), pl.col(f"{name}_right")
        return pl.when(ahead == winner).then(own).otherwise(other)

    value, bound = side("value", winner=True), side("bound", winner=True)
    low_value, low_bound = side("value", winner=False), side("bound", winner=False)
    # Below these gaps the loser's bound is under the winner's value, or the winner's value over the loser's bound.
    ahead_by = {"loser": value - low_value, "winner": bound - low_bound}
    gap = {"loser": ahead_by["loser"] / low_value.abs(), "winner": ahead_by["winner"] / low_bound.abs()}
    now = {"loser": (low_bound - low_value) / low_value.abs(), "winner": (bound - value) / value.abs()}
    steps: list[pl.Expr] = []
    for which, winner in (("loser", False), ("winner", True)):
        told_apart = ahead_by[which] > _slack(value, low_value)
        known = gap[which].is_finite() & told_apart & now[which].is_finite()
        estimate = side("seconds", winner=winner) * (now[which] / gap[which]).clip(1.0)
        steps += [
            side("key", winner=winner).alias(f"{which}_key"),
            side("name", winner=winner).alias(f"{which}_name"),
            gap[which].alias(f"{which}_gap"),
            pl.when(known).then(estimate).otherwise(float("inf")).alias(f"{which}_seconds"),
        ]
    return pairs.with_columns(*steps)

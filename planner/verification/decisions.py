"""The decision tables of a plan as arrays over the scenario's rows; rows that name nothing known are breaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from planner.domain.lookup import Index, positions, row_positions
from planner.domain.plan import PLAN_KEYS
from planner.domain.scenario import Scenario
from planner.verification.breaches import Bools, Breach, Floats, listed
from planner.verification.table_rows import repeated_keys, row_name


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Decisions kept as rows: an index array per name in ``at``, and quantities; all of one length."""

    at: Mapping[str, Index]
    quantity: Floats

    def __getitem__(self, name: str) -> Index:
        """Return an index array."""
        return self.at[name]

    def where(self, keep: Bools) -> Rows:
        """Return the rows where ``keep`` is true."""
        return Rows({name: index[keep] for name, index in self.at.items()}, self.quantity[keep])


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """A plan as arrays; axes in the order of the scenario's tables, T periods.

    ``production`` and ``setup``: (recipes, T). ``overtime``: per row of ``resources``. ``purchases``: per row of
    ``supplies``. ``stock``: (plants, products, T). ``shipments``: rows at plant, market, product, period.
    ``order_service``: rows at order, period. ``segment_service``: (segments, products, T). ``rewards``: rows at
    customer, window, offer, each of quantity 1.
    """

    production: Floats
    setup: Floats
    overtime: Floats
    purchases: Floats
    stock: Floats
    shipments: Rows
    order_service: Rows
    segment_service: Floats
    rewards: Rows


_Keys = dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]]
"""Index name → (columns of the plan table, scenario table, its columns)."""

_REFERENCES: dict[str, _Keys] = {
    "production": {"recipe": (("plant", "product"), "recipes", ("plant", "product"))},
    "overtime": {"resource": (("plant", "resource", "period"), "resources", ("plant", "resource", "period"))},
    "purchases": {"supply": (("partner", "material", "period"), "supplies", ("partner", "material", "period"))},
    "stock": {"plant": (("plant",), "plants", ("plant",)), "product": (("item",), "products", ("product",))},
    "shipments": {
        "plant": (("plant",), "plants", ("plant",)),
        "market": (("market",), "markets", ("market",)),
        "product": (("product",), "products", ("product",)),
    },
    "order": {"order": (("id",), "orders", ("order",)), "product": (("product",), "products", ("product",))},
    "segment": {"segment": (("id",), "segments", ("segment",)), "product": (("product",), "products", ("product",))},
}


def read_decisions(scenario: Scenario, tables: Mapping[str, pl.DataFrame]) -> tuple[Decisions, list[Breach]]:
    """Return the decisions of a plan, and a breach for every row that is unknown, repeated or not a quantity ≥ 0.

    Such rows are left out of the arrays (of repeated rows the quantities add up).
    """
    breaches: list[Breach] = []
    service = tables["service"]
    kinds = service["kind"].is_in(["order", "segment"]).fill_null(value=False).to_numpy()
    breaches += listed("service.unknown", ~kinds, lambda i: (row_name(service, i, PLAN_KEYS["service"]), _KIND))
    frames = {
        **{name: tables[name] for name in ("production", "overtime", "purchases", "stock", "shipments")},
        "order": service.filter(pl.col("kind") == "order"),
        "segment": service.filter(pl.col("kind") == "segment"),
    }
    rows = {}
    for name, frame in frames.items():
        rows[name], found = _read(scenario, name, frame)
        breaches += found
    rewards, found = _read_rewards(scenario, tables["rewards"])
    setup = _setups(tables["production"])
    breaches += found + setup
    return _arrays(scenario, rows, rewards), breaches


_KIND = "a service row is of kind order or segment"


def _read(scenario: Scenario, name: str, frame: pl.DataFrame) -> tuple[Rows, list[Breach]]:
    table = "service" if name in ("order", "segment") else name
    key = PLAN_KEYS[table]
    at = {
        index: row_positions(frame.select(columns), scenario[target].select(keys))
        for index, (columns, target, keys) in _REFERENCES[name].items()
    }
    at["period"] = frame["period"].fill_null(-1).to_numpy()
    quantity = frame["quantity"].fill_null(float("nan")).to_numpy()
    known = np.logical_and.reduce([index >= 0 for label, index in at.items() if label != "period"])
    inside = (at["period"] >= 0) & (at["period"] < scenario.horizon.periods)
    number = np.isfinite(quantity) & (quantity >= 0)
    targets = " or ".join(sorted({target for _, target, _ in _REFERENCES[name].values()}))

    def unknown(i: int) -> tuple[str, str]:
        return row_name(frame, i, key), f"names what the scenario's {targets} do not hold"

    def outside(i: int) -> tuple[str, str]:
        return row_name(frame, i, key), f"the horizon has periods 0 to {scenario.horizon.periods - 1}"

    def not_a_quantity(i: int) -> tuple[str, str]:
        return row_name(frame, i, key), f"{quantity[i]} is not a finite quantity ≥ 0"

    breaches = listed(f"{table}.unknown", ~known, unknown)
    breaches += listed(f"{table}.period", known & ~inside, outside)
    breaches += listed(f"{table}.quantity", ~number, not_a_quantity, np.abs(quantity))
    breaches += repeated_keys(table, frame)
    if name == "production":
        at["setup"] = frame["setup"].fill_null(0).to_numpy()
    return Rows(at, quantity).where(known & inside & number), breaches


def _read_rewards(scenario: Scenario, frame: pl.DataFrame) -> tuple[Rows, list[Breach]]:
    windows = len(scenario.horizon.windows)
    at = {
        "customer": positions(frame["customer"], scenario["customers"]["customer"]),
        "window": frame["window"].fill_null(-1).to_numpy(),
        "offer": positions(frame["offer"], scenario["offers"]["offer"]),
    }
    known = (at["customer"] >= 0) & (at["offer"] >= 0)
    inside = (at["window"] >= 0) & (at["window"] < windows)
    key = ("customer", "window", "offer")
    breaches = listed(
        "rewards.unknown", ~known, lambda i: (row_name(frame, i, key), "unknown customer or unknown offer")
    )
    breaches += listed(
        "rewards.window",
        known & ~inside,
        lambda i: (row_name(frame, i, key), f"the scenario has reward windows 0 to {windows - 1}"),
    )
    kept = known & inside
    rows = Rows(at, np.ones(frame.height)).where(kept)
    # Counting places is an order of magnitude faster than comparing millions of names.
    place = rows["customer"] * windows + rows["window"]
    count = np.bincount(place, minlength=1)
    if count.max() > 1:
        shown = frame.filter(kept)
        breaches += listed(
            "rewards.duplicate",
            count[place] > 1,
            lambda i: (row_name(shown, i, key), "a customer gets at most one offer per window"),
        )
    return rows, breaches


def _setups(frame: pl.DataFrame) -> list[Breach]:
    setup = frame["setup"].fill_null(-1).to_numpy()
    return listed(
        "production.setup-value",
        (setup != 0) & (setup != 1),
        lambda i: (row_name(frame, i, PLAN_KEYS["production"]), f"setup is 0 or 1, not {setup[i]}"),
    )


def _arrays(scenario: Scenario, rows: Mapping[str, Rows], rewards: Rows) -> Decisions:
    periods = scenario.horizon.periods
    sizes = {name: scenario[name].height for name in ("plants", "products", "segments", "recipes")}
    production = rows["production"]
    made, place = (sizes["recipes"], periods), (production["recipe"], production["period"])
    setup = np.zeros(made)
    setup[place] = np.clip(production["setup"], 0, 1)
    stock, segment = rows["stock"], rows["segment"]
    return Decisions(
        production=_dense(made, place, production.quantity),
        setup=setup,
        overtime=_dense((scenario["resources"].height,), (rows["overtime"]["resource"],), rows["overtime"].quantity),
        purchases=_dense((scenario["supplies"].height,), (rows["purchases"]["supply"],), rows["purchases"].quantity),
        stock=_dense(
            (sizes["plants"], sizes["products"], periods),
            (stock["plant"], stock["product"], stock["period"]),
            stock.quantity,
        ),
        shipments=rows["shipments"],
        order_service=rows["order"],
        segment_service=_dense(
            (sizes["segments"], sizes["products"], periods),
            (segment["segment"], segment["product"], segment["period"]),
            segment.quantity,
        ),
        rewards=rewards,
    )


def _dense(shape: tuple[int, ...], place: tuple[Index, ...], quantity: Floats) -> Floats:
    array = np.zeros(shape)
    np.add.at(array, place, quantity)
    return array

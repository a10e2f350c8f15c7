"""Tables and columns of the exchange format `concordat.scenario/1`.

One declaration serves the reader, the writer, the validation and the documentation. ``key`` columns are unique
together; ``refers`` names the column of another table a value must be found in. An empty cell of a ``LIMIT`` column
means "no limit", of a ``DEFAULT`` column zero (or the empty text), of a ``REQUIRED`` column a finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import polars as pl

SCENARIO_SCHEMA = "concordat.scenario/1"


class Presence(Enum):
    """What an empty cell means."""

    REQUIRED = "required"
    LIMIT = "limit"
    DEFAULT = "default"


class Kind(Enum):
    """The type of a column's values."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


POLARS_TYPE: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.INTEGER: pl.Int64(),
    Kind.NUMBER: pl.Float64(),
    Kind.BOOLEAN: pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``refers`` is ``"table.column"`` of the values it may take."""

    name: str
    kind: Kind = Kind.NUMBER
    presence: Presence = Presence.REQUIRED
    refers: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, its unique key, and whether a scenario may leave it out.

    ``open_ended`` tables may carry further columns, which are kept. Every row of a table that is ``part_of`` another
    belongs to the row of that one with the same key.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    optional: bool = False
    open_ended: bool = False
    part_of: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the declared columns, in order."""
        return tuple(column.name for column in self.columns)

    def empty(self) -> pl.DataFrame:
        """Return a frame of this table without rows."""
        return pl.DataFrame(schema={column.name: POLARS_TYPE[column.kind] for column in self.columns})


def _text(name: str, refers: str = "", presence: Presence = Presence.REQUIRED) -> Column:
    return Column(name, Kind.TEXT, presence, refers)


def _limit(name: str, kind: Kind = Kind.NUMBER) -> Column:
    return Column(name, kind, Presence.LIMIT)


def _zero(name: str, kind: Kind = Kind.NUMBER) -> Column:
    return Column(name, kind, Presence.DEFAULT)


_PERIOD = Column("period", Kind.INTEGER)
_QUANTITY = Column("quantity")
_PLANT = _text("plant", "plants.plant")
_PRODUCT = _text("product", "products.product")
_MARKET = _text("market", "markets.market")
_REGION = _text("region", presence=Presence.DEFAULT)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "products",
            (_text("product"), _text("family"), _text("unit", presence=Presence.DEFAULT)),
            ("product",),
            open_ended=True,
        ),
        Table("plants", (_text("plant"), _REGION), ("plant",)),
        Table(
            "resources",
            (_PLANT, _text("resource"), _PERIOD, _limit("regular"), _limit("overtime_max"), _zero("overtime_cost")),
            ("plant", "resource", "period"),
        ),
        Table(
            "recipes",
            (
                _PLANT,
                _PRODUCT,
                _zero("setup_cost"),
                _zero("unit_cost"),
                _zero("min_lot"),
                _limit("max_lot"),
                _zero("lead_time", Kind.INTEGER),
            ),
            ("plant", "product"),
        ),
        Table(
            "routings",
            (_PLANT, _PRODUCT, _text("resource"), _zero("capacity_per_unit"), _zero("setup_capacity")),
            ("plant", "product", "resource"),
        ),
        Table("bom", (_PLANT, _PRODUCT, _text("component"), _QUANTITY), ("plant", "product", "component")),
        Table(
            "supplies",
            (
                _text("partner", "partners.partner"),
                _text("material"),
                _PERIOD,
                _zero("unit_cost"),
                _limit("max_quantity"),
            ),
            ("partner", "material", "period"),
        ),
        Table(
            "stock",
            (
                _PLANT,
                _text("item"),
                _zero("on_hand"),
                _zero("holding_cost"),
                _zero("safety_stock"),
                _zero("safety_penalty"),
                _limit("max_stock"),
            ),
            ("plant", "item"),
        ),
        Table("markets", (_text("market"), _REGION), ("market",)),
        Table(
            "lanes",
            (_PLANT, _MARKET, _text("product"), _zero("transit", Kind.INTEGER), _zero("unit_cost")),
            ("plant", "market", "product"),
        ),
        Table(
            "lane_closures",
            (_PLANT, _MARKET, _text("product"), _PERIOD),
            ("plant", "market", "product", "period"),
            optional=True,
            part_of="lanes",
        ),
        Table("partners", (_text("partner"), _text("role", presence=Presence.DEFAULT), _REGION), ("partner",)),
        Table(
            "orders",
            (
                _text("order"),
                _text("partner", "partners.partner"),
                _MARKET,
                _PRODUCT,
                _PERIOD,
                _QUANTITY,
                _zero("unit_revenue"),
                _zero("lateness_cost"),
                _zero("shortage_penalty"),
                _limit("max_delay", Kind.INTEGER),
            ),
            ("order",),
        ),
        Table(
            "segments",
            (_text("segment"), _MARKET, _text("tier", presence=Presence.DEFAULT), _REGION),
            ("segment",),
            open_ended=True,
        ),
        Table(
            "demand",
            (
                _text("segment", "segments.segment"),
                _PRODUCT,
                _PERIOD,
                _QUANTITY,
                _zero("unit_revenue"),
                _zero("shortage_penalty"),
            ),
            ("segment", "product", "period"),
        ),
        Table("receipts", (_PLANT, _text("item"), _PERIOD, _QUANTITY), ("plant", "item", "period"), optional=True),
        Table("in_transit", (_MARKET, _PRODUCT, _PERIOD, _QUANTITY), ("market", "product", "period"), optional=True),
        Table("firm", (_PLANT, _PRODUCT, _PERIOD, _QUANTITY), ("plant", "product", "period"), optional=True),
        Table(
            "recipe_closures",
            (_PLANT, _PRODUCT, _PERIOD),
            ("plant", "product", "period"),
            optional=True,
            part_of="recipes",
        ),
        Table("baseline", (_PLANT, _PRODUCT, _PERIOD, _QUANTITY), ("plant", "product", "period"), optional=True),
        Table(
            "customers",
            (
                _text("customer"),
                _text("segment", "segments.segment"),
                _text("tier", presence=Presence.DEFAULT),
                Column("consent", Kind.BOOLEAN, Presence.LIMIT),
                _limit("tenure_days", Kind.INTEGER),
                Column("weight"),
            ),
            ("customer",),
            open_ended=True,
        ),
        Table(
            "offers",
            (
                _text("offer"),
                _text("campaign_type", presence=Presence.DEFAULT),
                _text("sponsor", "partners.partner", Presence.DEFAULT),
                _zero("face_value"),
                _zero("own_share"),
                _limit("max_redemptions"),
            ),
            ("offer",),
            open_ended=True,
        ),
        Table(
            "offer_funding",
            (_text("offer", "offers.offer"), _text("partner", "partners.partner"), Column("share")),
            ("offer", "partner"),
        ),
        Table(
            "offer_effects",
            (_text("offer", "offers.offer"), _PRODUCT, Column("units_per_redemption")),
            ("offer", "product"),
        ),
        Table(
            "responses",
            (_text("segment", "segments.segment"), _text("offer", "offers.offer"), Column("redeem_probability")),
            ("segment", "offer"),
        ),
    )
}
"""Every table of a scenario by name, in the order in which they are read, written and reported."""

PARQUET_TABLES = frozenset({"customers"})
"""Tables kept as Parquet; all others are CSV."""

"""The stated parameters of every preset: change a scenario here, not in the code that draws it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class TinyParameters:
    """A scenario small enough for one exact model with a binary per customer, window and offer.

    Pairs are inclusive ranges. ``regular`` is capacity per line and period; ``unlimited_regular`` the chance that a
    line has no limit; ``optional_tables`` the chance of each optional table; ``clause`` the chance of a common clause;
    ``impossible`` the chance of a set of hard clauses that no plan can keep (more sets collide by themselves).
    """

    periods: tuple[int, int] = (3, 4)
    plants: tuple[int, int] = (2, 3)
    segments: tuple[int, int] = (2, 3)
    customers: tuple[int, int] = (6, 10)
    offers: tuple[int, int] = (3, 4)
    regular: tuple[float, float] = (4.0, 10.0)
    unlimited_regular: float = 0.03
    optional_tables: float = 0.3
    clause: float = 0.5
    impossible: float = 0.015

    def __post_init__(self) -> None:
        for name in ("unlimited_regular", "optional_tables", "clause", "impossible"):
            _check_share(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class NetworkParameters:
    """Plants, materials, stock, freight and orders; a ``…_share`` is a share of the product's price unless said."""

    periods: int
    windows: tuple[tuple[int, int], ...]
    markets: tuple[str, ...]
    plants: int
    materials: tuple[tuple[str, str], ...]
    """Material that a family is made from, as (family, material)."""
    second_sources: tuple[str, ...]
    """Materials that a second, dearer supplier sells too."""
    lead_time_family: str
    """Its products can be used one period after they were started."""
    min_lot_family: str
    """Its lots have a least size of ``min_lot_share`` of the line's capacity."""
    cooled_family: str
    """Its products travel on lanes of their own, ``cooled_freight`` times as dear."""
    start_date: date = date(2025, 1, 6)
    period_days: int = 7
    families_per_plant: tuple[int, int] = (2, 3)
    products_per_line: int = 4
    makers_per_product: int = 2
    capacity_of_peak: float = 0.78
    """Regular capacity of a family's lines as a share of the family's best period, orders included."""
    line_size_sigma: float = 0.35
    overtime_share_of_regular: float = 0.25
    overtime_cost_share: float = 0.1
    setup_cost_of_line_period: float = 0.002
    """Set-up cost as a share of what a line's regular capacity of one period is sold for."""
    setup_share_of_regular: float = 0.01
    conversion_share: float = 0.07
    material_share: float = 0.55
    packaging_cost: float = 0.4
    second_source_premium: float = 0.06
    first_source_limit: float = 0.85
    """Most a first supplier sells in a period, as a share of the material's best period."""
    holding_share: float = 0.006
    safety_penalty_share: float = 0.013
    stock_periods: float = 0.5
    safety_periods: float = 0.1
    max_stock_periods: float = 2.0
    """Storage per product in periods of the line's regular capacity."""
    min_lot_share: float = 0.05
    freight_shares: tuple[float, float, float] = (0.01, 0.022, 0.033)
    """Freight inside the region, to a neighbour, and further (which takes one period)."""
    cooled_freight: float = 1.5
    order_share: float = 0.2
    """Share of all demand that distributors order."""
    order_price_share: float = 0.93
    order_shortage_share: float = 0.5
    lateness_share: float = 0.025
    max_delay: int = 2
    shortage_share: float = 0.2
    region_price_sigma: float = 0.03
    firm_share: float = 0.2
    """Released production of a line's first product in period 0, as a share of regular capacity."""
    work_in_progress_share: float = 0.5
    """What a line of the lead-time family started before the horizon, as a share of regular capacity."""

    def __post_init__(self) -> None:
        flat = [period for first, last in self.windows for period in range(first, last + 1)]
        if flat != list(range(self.periods)):
            raise ValueError(f"windows {self.windows} do not partition {self.periods} periods")
        for name in ("order_share", "material_share", "conversion_share", "firm_share", "work_in_progress_share"):
            _check_share(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class LoyaltyParameters:
    """How customers are made from types of customers, and what a redemption brings."""

    consent_rate: float = 0.92
    unknown_rate: float = 0.01
    """Share of customers whose consent or tenure nobody recorded."""
    max_tenure_days: int = 2000
    weight_sigma: float = 0.4
    """Sigma of the log-normal response weight, whose mean is 1."""
    own_share: float = 0.35
    units_per_redemption: float = 1.0
    """Cases that a redeeming customer adds to the subscription."""
    incremental_share: float = 0.55
    """Share of these cases that would not have been bought anyway."""
    capped_offers: float = 0.2
    cap_share: float = 0.3
    """Most redemptions of a capped offer, as a share of those if all customers got it in every window."""

    def __post_init__(self) -> None:
        for name in ("consent_rate", "unknown_rate", "own_share", "incremental_share", "capped_offers", "cap_share"):
            _check_share(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class ContractParameters:
    """Bounds and penalties of the clauses; shares are of the measure's natural total, penalties of the price."""

    budget_share: float = 0.12
    """Budget of a brand as a share of what it would fund if all customers got all its offers in every window."""
    floor_of_budget: float = 0.25
    floor_penalty: float = 0.5
    pace_of_budget: float = 0.5
    volume_share: float = 0.9
    volume_penalty_share: float = 0.33
    on_time_fill_rate: float = 0.95
    on_time_penalty_share: float = 0.25
    fill_gap: float = 0.01
    fill_gap_penalty: float = 5000.0
    reserved_share: float = 0.25
    take_share: float = 0.35
    """Least purchase from a supplier as a share of the material's expected use."""
    take_penalty: float = 0.15
    rebate_steps: tuple[float, float] = (0.5, 0.75)
    """Where the rebate tiers begin, as shares of the material's expected use."""
    rebate_rates: tuple[float, float] = (0.01, 0.02)
    reward_floor_share: float = 0.85
    reward_floor_penalty: float = 0.2
    frozen_periods: int = 2
    baseline_share: float = 0.7
    """Load of a line in the earlier plan, as a share of regular capacity."""
    deviation_share: float = 0.4
    """Change of the frozen periods that costs nothing, as a share of the earlier plan."""
    deviation_penalty_share: float = 0.02


@dataclass(frozen=True, slots=True)
class JourneyParameters:
    """What the demo takes from Complete Journey, and how it is scaled."""

    families: tuple[tuple[str, tuple[str, ...]], ...]
    """Product categories that are made here, by family."""
    first_week: int = 10
    """Week of the data whose sales pattern period 0 follows."""
    replicate: int = 150
    """Customers made from one household."""
    subscription_share: float = 0.1
    """Share of a household's purchases that it subscribes to."""
    units_per_case: int = 12
    maker_price_share: float = 0.65
    """What the maker gets of the shelf price."""
    brands: int = 12
    offers: int = 16
    prior_households: float = 10.0
    """A segment's redemption rate is pulled to the rate of all households as if by so many households."""

    def __post_init__(self) -> None:
        if min(self.replicate, self.brands, self.offers, self.units_per_case) < 1:
            raise ValueError("replicate, brands, offers and units_per_case are at least 1")


@dataclass(frozen=True, slots=True)
class SyntheticParameters:
    """A loyalty side of any size without any data."""

    customers: int
    families: tuple[str, ...]
    products_per_family: int
    tiers: tuple[tuple[str, float], ...] = (("bronze", 0.5), ("silver", 0.3), ("gold", 0.2))
    """Tiers with the share of customers in each."""
    ages: tuple[str, ...] = ("young", "middle", "old")
    brands: int = 20
    offers: int = 30
    mean_price: float = 20.0
    price_sigma: float = 0.3
    cases_per_customer: float = 0.07
    """Cases that a customer subscribes to per period, over all products."""
    popularity_sigma: float = 0.8
    season_amplitude: float = 0.15
    noise_sigma: float = 0.15
    mean_redeem_probability: float = 0.02
    redeem_sigma: float = 0.8
    face_value: tuple[float, float] = (0.6, 2.0)

    def __post_init__(self) -> None:
        if abs(sum(share for _, share in self.tiers) - 1) > 1e-9:
            raise ValueError(f"the shares of the tiers {self.tiers} do not add up to 1")


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is a share or a chance between 0 and 1, not {value}")


TINY = TinyParameters()

DEMO_NETWORK = NetworkParameters(
    periods=13,
    windows=((0, 3), (4, 7), (8, 12)),
    markets=("north", "east", "south", "west"),
    plants=11,
    materials=(("DRINKS", "sugar"), ("SNACKS", "grain"), ("FROZEN", "grain"), ("DAIRY", "milk"), ("PANTRY", "grain")),
    second_sources=("grain",),
    lead_time_family="FROZEN",
    min_lot_family="DAIRY",
    cooled_family="FROZEN",
)

DEMO_JOURNEY = JourneyParameters(
    families=(
        ("DRINKS", ("SOFT DRINKS", "CANNED JUICES", "REFRGRATD JUICES/DRNKS", "WATER - CARBONATED/FLVRD DRINK")),
        ("SNACKS", ("BAG SNACKS", "CRACKERS/MISC BKD FD", "COOKIES/CONES", "CONVENIENT BRKFST/WHLSM SNACKS")),
        ("FROZEN", ("FRZN MEAT/MEAT DINNERS", "FROZEN PIZZA", "ICE CREAM/MILK/SHERBTS", "FRZN VEGETABLE/VEG DSH")),
        ("DAIRY", ("FLUID MILK PRODUCTS", "CHEESE", "YOGURT", "MILK BY-PRODUCTS")),
        ("PANTRY", ("SOUP", "COLD CEREAL", "PASTA SAUCE", "VEGETABLES - SHELF STABLE")),
    )
)

DEMO_LOYALTY = LoyaltyParameters()
DEMO_CONTRACTS = ContractParameters()

LARGE_NETWORK = NetworkParameters(
    periods=26,
    windows=((0, 3), (4, 7), (8, 12), (13, 16), (17, 20), (21, 25)),
    markets=("north", "north-east", "east", "south", "south-west", "west"),
    plants=40,
    materials=tuple((f"F{index}", ("grain", "milk", "sugar", "oil")[index % 4]) for index in range(10)),
    second_sources=("grain", "oil"),
    lead_time_family="F3",
    min_lot_family="F1",
    cooled_family="F3",
    products_per_line=4,
)

LARGE_SYNTHETIC = SyntheticParameters(
    customers=2_000_000, families=tuple(f"F{index}" for index in range(10)), products_per_family=6
)

LARGE_CONTRACTS = ContractParameters(fill_gap_penalty=200_000.0)

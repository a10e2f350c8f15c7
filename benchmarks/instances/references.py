"""Published or proven values of public instances, from ``references.json`` in the data folder.

The file maps an instance (its path in the folder, without ``.mps`` or ``.mps.gz``) to ``sense`` ("min" or "max"),
``value`` of the best known solution, ``bound`` where it is not proven optimal, and ``status`` ("optimal" or "open").
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, cast

from solvers.core.errors import InstanceUnreadable
from solvers.core.text_file import read_text

Sense = Literal["min", "max"]
Status = Literal["optimal", "open"]

FILE = "references.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is known of an instance.

    ``value`` is the best known value and ``bound`` the best proven bound, equal where the status is "optimal";
    ``precision`` is half a unit of the last digit given, 0 for whole numbers.
    """

    sense: Sense
    value: float | None
    bound: float | None
    status: Status
    precision: float = 0.0

    def __post_init__(self) -> None:
        if self.sense not in {"min", "max"}:
            raise ValueError(f'sense must be "min" or "max", got {self.sense!r}')
        if self.status not in {"optimal", "open"}:
            raise ValueError(f'status must be "optimal" or "open", got {self.status!r}')
        if self.status == "optimal" and (self.value is None or self.value != self.bound):
            raise ValueError(f"an optimal value is its own bound, got value {self.value} and bound {self.bound}")
        if any(number is not None and not math.isfinite(number) for number in (self.value, self.bound)):
            raise ValueError(f"value and bound must be finite, got {self.value} and {self.bound}")


Data = TypeVar("Data")


@dataclass(frozen=True, slots=True)
class Known(Generic[Data]):
    """An instance and what is published about it."""

    data: Data
    reference: Reference | None = None


def read_references(data: Path) -> Mapping[str, Reference]:
    """Return the references of a data folder by instance; none if the folder has no such file.

    Raises
    ------
    InstanceUnreadable
        If the file is not JSON, or an entry lacks a field or holds a wrong one; names the line or the entry.
    """
    path = data / FILE
    if not path.exists():
        return {}
    try:
        raw = json.loads(read_text(path), parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise InstanceUnreadable(f"{FILE}, line {error.lineno}: not JSON ({error.msg}); correct it") from error
    except RecursionError:
        raise InstanceUnreadable(f"{FILE}: nested too deeply; it should be an object of objects") from None
    if not isinstance(raw, dict):
        raise InstanceUnreadable(f"{FILE}: expected an object of instances; correct it")
    return {name: _reference(name, entry) for name, entry in raw.items()}


def read_known(data: Path | None, instance: str, read: Callable[[Path], Data]) -> Known[Data]:
    """Return an instance named by its file below the data folder, with its reference if there is one.

    Raises
    ------
    InstanceUnreadable
        If there is no data folder, or a file cannot be read.
    """
    if data is None:
        raise InstanceUnreadable(f"{instance}: needs the folder of the public instances; give it with --data")
    name = instance.removesuffix(".gz").removesuffix(".mps")
    return Known(read(data / instance), read_references(data).get(name))


def _reference(name: str, entry: Any) -> Reference:
    where = f"{FILE}, entry {name!r}"
    if not isinstance(entry, dict):
        raise InstanceUnreadable(f"{where}: expected an object with sense, value and status; correct it")
    numbers = [entry.get("value"), entry.get("bound", entry.get("value") if entry.get("status") == "optimal" else None)]
    if not all(number is None or type(number) in {int, Decimal} for number in numbers):
        raise InstanceUnreadable(f"{where}: value and bound must be numbers, found {numbers}; correct it")
    try:
        value, bound = (None if number is None else float(number) for number in numbers)
        return Reference(
            sense=cast("Sense", str(entry.get("sense"))),
            value=value,
            bound=bound,
            status=cast("Status", str(entry.get("status"))),
            precision=max(_precision(number) for number in numbers),
        )
    except (ValueError, OverflowError) as error:
        raise InstanceUnreadable(f"{where}: {error}; correct it") from error


def _precision(number: int | Decimal | None) -> float:
    exponent = number.as_tuple().exponent if isinstance(number, Decimal) else 0
    return 0.5 * 10.0**exponent if isinstance(exponent, int) and exponent < 0 else 0.0

"""Periods and reward windows of a scenario's horizon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Horizon:
    """Equal buckets of ``period_days`` from ``start_date``, partitioned into reward windows.

    ``windows`` holds inclusive 0-based period pairs ``(first, last)``. The constructor does not check that they
    partition the horizon, so that a scenario with wrong windows can still be read and its findings listed.
    """

    periods: int
    period_days: int
    start_date: date
    windows: tuple[tuple[int, int], ...]

    def first_day(self, period: int) -> date:
        """Return the first day of a period."""
        return self.start_date + timedelta(days=self.period_days * period)

    def window_periods(self, window: int) -> range:
        """Return the periods of a reward window, in order."""
        first, last = self.windows[window]
        return range(first, last + 1)

    def window_of(self, period: int) -> int:
        """Return the reward window a period belongs to.

        Raises
        ------
        ValueError
            If no window holds the period.
        """
        for window, (first, last) in enumerate(self.windows):
            if first <= period <= last:
                return window
        raise ValueError(f"period {period} lies in no reward window of {self.windows}")

    def periods_inside(self, effective_from: date | None, effective_to: date | None) -> tuple[int, ...]:
        """Return the periods whose first day lies inside the effective dates (an empty date is no limit)."""
        return tuple(
            t
            for t in range(self.periods)
            if (effective_from is None or self.first_day(t) >= effective_from)
            and (effective_to is None or self.first_day(t) <= effective_to)
        )

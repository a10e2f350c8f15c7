"""What HiGHS tells while it solves a mixed-integer program, kept and passed on in the sense of maximisation."""

from __future__ import annotations

import highspy
import numpy as np

from solvers.backends.highs_engine import Brake
from solvers.core.backend import Progress
from solvers.core.program import Floats


class Listener:
    """Listens to one solve of a HiGHS instance until `leave`.

    ``sign`` and ``offset`` turn its values into the caller's.
    ``incumbent``, ``x`` and ``bound`` are the best so far; ``error`` is what the told callable raised, if it did.
    """

    def __init__(
        self, engine: highspy.Highs, progress: Progress | None, brake: Brake, *, sign: float = -1.0, offset: float = 0.0
    ) -> None:
        self._sign, self._offset = sign, offset
        self._engine, self._progress, self._brake = engine, progress, brake
        self.incumbent: float | None = None
        self.x: Floats | None = None
        self.bound = float("inf")
        self.error: BaseException | None = None
        engine.cbMipImprovingSolution += self._on_solution
        engine.cbMipLogging += self._on_log

    def leave(self) -> None:
        """Stop listening."""
        self._engine.cbMipImprovingSolution -= self._on_solution
        self._engine.cbMipLogging -= self._on_log

    def _on_solution(self, event: highspy.highs.HighsCallbackEvent) -> None:
        value = self._sense(event.data_out.objective_function_value)
        if self.incumbent is None or value > self.incumbent:
            self.x = np.array(event.data_out.mip_solution)
        self._tell(value, self._sense(event.data_out.mip_dual_bound))

    def _on_log(self, event: highspy.highs.HighsCallbackEvent) -> None:
        self._tell(self.incumbent, self._sense(event.data_out.mip_dual_bound))

    def _sense(self, value: float) -> float:
        return self._sign * value + self._offset

    def _tell(self, incumbent: float | None, bound: float) -> None:
        better = incumbent is not None and (self.incumbent is None or incumbent > self.incumbent)
        if not better and not bound < self.bound:
            return
        if better:
            self.incumbent = incumbent
        self.bound = min(self.bound, bound)
        if self._progress is None or self.error is not None:
            return
        try:
            self._progress(self.incumbent, self.bound)
        except BaseException as error:  # noqa: BLE001 - raised again once the library has returned
            self.error = error
            self._brake.pull()

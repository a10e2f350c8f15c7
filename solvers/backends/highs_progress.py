"""What HiGHS tells while it solves a mixed-integer program, passed on in the sense of maximisation."""

from __future__ import annotations

import highspy
import numpy as np

from solvers.core.backend import Progress


class Listener:
    """Listens to one solve of a HiGHS instance until `leave`; ``error`` is what the told callable raised, if it did."""

    def __init__(self, engine: highspy.Highs, progress: Progress) -> None:
        self._engine, self._progress = engine, progress
        self._incumbent: float | None = None
        self._bound = float("inf")
        self.error: BaseException | None = None
        engine.cbMipImprovingSolution += self._on_solution
        engine.cbMipLogging += self._on_log

    def leave(self) -> None:
        """Stop listening."""
        self._engine.cbMipImprovingSolution -= self._on_solution
        self._engine.cbMipLogging -= self._on_log

    def _on_solution(self, event: highspy.highs.HighsCallbackEvent) -> None:
        self._tell(-event.data_out.objective_function_value, -event.data_out.mip_dual_bound)

    def _on_log(self, event: highspy.highs.HighsCallbackEvent) -> None:
        self._tell(-event.data_out.mip_primal_bound, -event.data_out.mip_dual_bound)

    def _tell(self, incumbent: float, bound: float) -> None:
        better = np.isfinite(incumbent) and (self._incumbent is None or incumbent > self._incumbent)
        if not better and not bound < self._bound:
            return
        if better:
            self._incumbent = incumbent
        self._bound = min(self._bound, bound)
        try:
            self._progress(self._incumbent, self._bound)
        except BaseException as error:  # noqa: BLE001 - raised again once the library has returned
            self.error = error
            self._engine.cancelSolve()

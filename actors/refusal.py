"""Why an agent has no answer, in a form that crosses any border."""

from __future__ import annotations

from dataclasses import dataclass

from planner.domain.errors import ConcordatError, InvalidRequest, PlanUnreadable, QuoteFailed


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error's code, message and, where a field of the request is wrong, the field."""

    code: str
    message: str
    field: str = ""

    def error(self) -> ConcordatError:
        """Return the error of the business this stands for."""
        if self.code == InvalidRequest.code:
            return InvalidRequest(self.message, self.field)
        if self.code == PlanUnreadable.code:
            return PlanUnreadable(self.message)
        return QuoteFailed(self.message)

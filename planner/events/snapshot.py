"""State written down between events, so that a long history need not be folded from its beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

State = TypeVar("State")


class Sequenced(Protocol):
    """Something with a place in a history."""

    @property
    def sequence(self) -> int:
        """Its 0-based place."""
        ...


Item = TypeVar("Item", bound=Sequenced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state of an aggregate after its event number ``sequence``, as a projection of ``version`` writes it.

    ``data`` is JSON-ready. A snapshot can be forgotten at any time: the events say the same.
    """

    aggregate: str
    sequence: int
    version: int
    data: Mapping[str, object]

    def __post_init__(self) -> None:
        if not self.aggregate:
            raise ValueError("a snapshot needs an aggregate")
        if self.version < 1 or self.sequence < 0:
            raise ValueError(f"version must be ≥ 1 and sequence ≥ 0, got {self.version} and {self.sequence}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection(Generic[State, Item]):
    """How a state follows from a history, and how it is written down.

    For every state that occurs, ``from_data(to_data(state)) == state``, also after a way through JSON. ``version``
    changes whenever ``to_data`` or the meaning of ``step`` does: snapshots of another version are not looked at.
    """

    version: int
    start: State
    step: Callable[[State, Item], State]
    to_data: Callable[[State], Mapping[str, object]]
    from_data: Callable[[Mapping[str, object]], State]

    def fold(self, history: Iterable[Item], snapshot: Snapshot | None = None) -> State:
        """Return the state after a history; of a usable snapshot, only what came later is folded."""
        usable = snapshot is not None and snapshot.version == self.version
        state = self.from_data(snapshot.data) if snapshot is not None and usable else self.start
        seen = snapshot.sequence if snapshot is not None and usable else -1
        for item in history:
            if item.sequence > seen:
                state = self.step(state, item)
        return state

    def snapshot(self, aggregate: str, state: State, sequence: int) -> Snapshot:
        """Return the state after event number ``sequence`` as a snapshot."""
        return Snapshot(aggregate=aggregate, sequence=sequence, version=self.version, data=self.to_data(state))

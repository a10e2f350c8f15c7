"""How often contenders take turns: interleaved (A B A B), and the less often the longer a turn takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from benchmarks.results import Ending, Turn
from benchmarks.subject import Contender

ROUNDS = {"smoke": 1, "full": 3, "coordination": 3, "service": 3, "whatif": 1}
_LONG_SECONDS, _LONG_ROUNDS = 10.0, 3
_ENDLESS_SECONDS = 30.0


def planned_rounds(first: Turn, rounds: int) -> int:
    """Return how many turns a contender takes in all, from its first one.

    Three above 10 s, one above 30 s; a turn that stopped at its limit, was ended, crashed or failed is not tried again.
    """
    seconds = first.figures.get("total_s", first.seconds)
    if first.ending is not Ending.ANSWERED or seconds > _ENDLESS_SECONDS:
        return 1
    return min(rounds, _LONG_ROUNDS) if seconds > _LONG_SECONDS else rounds


def take_turns(contenders: Sequence[Contender], rounds: int, take: Callable[[Contender, int], Turn]) -> Iterator[Turn]:
    """Yield the turns of all contenders on one case as they end, round by round."""
    planned = {contender.name: rounds for contender in contenders}
    for turn in range(rounds):
        for contender in contenders:
            if turn >= planned[contender.name]:
                continue
            taken = take(contender, turn)
            if turn == 0:
                planned[contender.name] = planned_rounds(taken, rounds)
            yield taken

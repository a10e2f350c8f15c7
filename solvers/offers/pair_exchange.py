"""Improve offers of near ties by exchanges: one member moves to another offer, or two move together.

A move of one member rarely fits what the rows have left; of many thousand pairs of moves some fit closely. From the
choice at hand, every single move is tried together with every other one, and the best pair is taken, until none
improves value less a penalty for overrun rows (2-exchange; Pisinger 1999 for the core it works on). A heuristic: it
proves nothing, and its work is bounded by sweeps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solvers.core.kernels import compiled
from solvers.core.program import Floats
from solvers.offers.choice_shard import Ties
from solvers.offers.core_choice import CoreProgram

_SWEEPS, _FEW_SWEEPS = 12, 3
_KICKED = 3
_FITS = 1e-9
_PENALTIES = (4.0, 64.0)  # of the dearest value per unit of overrun: first to find a way, then to insist

Longs = npt.NDArray[np.int64]


class _Moves(NamedTuple):
    """Move m gives tie ``tie[m]`` the column ``column[m]``, -1 for no offer.

    ``value`` float64 [n+1], ``use`` float64 [n+1, R] per column, with a last one for no offer: worth 0, using nothing.
    """

    tie: Longs
    column: Longs
    value: Floats
    use: Floats


class _State(NamedTuple):
    """``held`` int64 [ties], the column each tie has (-1: none), and ``room`` float64 [R] left in the rows."""

    held: Longs
    room: Floats


def exchange_pairs(
    core: CoreProgram, ties: Ties, *, kicks: int = 0, enough: float = np.inf
) -> npt.NDArray[np.int8] | None:
    """Return offers of the ties, int8 [n], that meet all rows, or None where exchanges found none.

    Starts from the offers that the ties have; those not among the program's columns are given up. After the first
    descent ``kicks`` times a few random moves are made and followed by another descent, kept if better (iterated local
    search; Lourenço, Martin, Stützle 2003; seeded, so repeatable), until the program's value is ``enough``.
    """
    n, columns = len(ties.item), core.program.columns
    if n == 0:
        return np.zeros(0, dtype=np.int8)
    rows = core.program.rows
    use = np.zeros((columns + 1, rows.rows - n))
    row = rows.row_of_entry()
    of_row = row >= n
    use[rows.index[of_row], row[of_row] - n] = rows.value[of_row]
    held = np.full(n, -1, dtype=np.int64)
    same = np.flatnonzero(ties.offer[core.tie] == core.offer)
    held[core.tie[same]] = same
    room = core.program.row_upper[n:] - use[held[held >= 0]].sum(axis=0)
    moves = _Moves(
        np.concatenate([core.tie, np.arange(n)]).astype(np.int64),
        np.concatenate([np.arange(columns), np.full(n, -1)]).astype(np.int64),
        np.concatenate([core.program.objective, [0.0]]),
        use,
    )
    dearest = float(np.abs(core.program.objective).max(initial=1e-12))
    state = _State(held, room)
    for penalty in _PENALTIES:
        _descend(moves, state, penalty * dearest, _SWEEPS)
    _iterate(moves, state, _PENALTIES[-1] * dearest, kicks, enough - core.program.offset)
    if (state.room < -_FITS).any():
        return None
    offer = np.full(n, -1, dtype=np.int8)
    taken = state.held >= 0
    offer[taken] = core.offer[state.held[taken]]
    return offer


@compiled
def _iterate(moves: _Moves, state: _State, penalty: float, kicks: int, enough: float) -> None:
    held, room = state.held.copy(), state.room.copy()
    best = _merit(moves, state, penalty)
    dice = np.uint64(88172645463325252)
    for _ in range(kicks):
        if best >= enough and _overrun(state.room) <= _FITS:
            break
        for _ in range(_KICKED):
            dice ^= dice << np.uint64(13)
            dice ^= dice >> np.uint64(7)
            dice ^= dice << np.uint64(17)
            m = int(dice % np.uint64(len(moves.tie)))
            _apply(moves, state, m, state.room)
            state.held[moves.tie[m]] = moves.column[m]
        _descend(moves, state, penalty, _FEW_SWEEPS)
        merit = _merit(moves, state, penalty)
        if merit > best:
            best = merit
            held[:], room[:] = state.held, state.room
        else:
            state.held[:], state.room[:] = held, room


@compiled
def _merit(moves: _Moves, state: _State, penalty: float) -> float:
    total = -penalty * _overrun(state.room)
    for i in range(len(state.held)):
        total += moves.value[state.held[i]]
    return total


@compiled
def _descend(moves: _Moves, state: _State, penalty: float, sweeps: int) -> None:
    room = np.empty_like(state.room)
    for _ in range(sweeps):
        improved = False
        for m in range(len(moves.tie)):
            if moves.column[m] == state.held[moves.tie[m]]:
                continue
            room[:] = state.room
            gain = _apply(moves, state, m, room)
            base = _overrun(state.room)
            other = _best_partner(moves, state, m, room, gain, base, penalty)
            if other != -2:
                improved = True
                _apply(moves, state, m, state.room)
                state.held[moves.tie[m]] = moves.column[m]
                if other >= 0:
                    _apply(moves, state, other, state.room)
                    state.held[moves.tie[other]] = moves.column[other]
        if not improved:
            break


@compiled
def _apply(moves: _Moves, state: _State, m: int, room: Floats) -> float:
    """Take a move's use from ``room``; returns its gain in value."""
    old, new = state.held[moves.tie[m]], moves.column[m]
    for r in range(len(room)):
        room[r] += moves.use[old, r] - moves.use[new, r]
    return float(moves.value[new] - moves.value[old])


@compiled
def _overrun(room: Floats) -> float:
    total = 0.0
    for r in range(len(room)):
        total -= min(room[r], 0.0)
    return total


@compiled
def _best_partner(moves: _Moves, state: _State, m: int, room: Floats, gain: float, base: float, penalty: float) -> int:
    """Return the move that goes best with move m, -1 for m alone, -2 where nothing improves."""
    most, best = 1e-12, -2
    alone = gain + penalty * (base - _overrun(room))
    if alone > most:
        most, best = alone, -1
    for k in range(len(moves.tie)):
        tie, new = moves.tie[k], moves.column[k]
        old = state.held[tie]
        if tie == moves.tie[m] or new == old:
            continue
        # No offer is worth nothing and uses nothing: the last row of both arrays.
        both = gain + penalty * base + moves.value[new] - moves.value[old]
        if both <= most:
            continue
        for r in range(len(room)):
            both += penalty * min(room[r] - moves.use[new, r] + moves.use[old, r], 0.0)
        if both > most:
            most, best = both, k
    return best

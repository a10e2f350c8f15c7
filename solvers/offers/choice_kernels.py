"""Passes over the members of a reward choice, compiled: block by block, two offers at a time, many members at once.

Members are visited in blocks that fit the second-level cache. Inside a block the loops run over members with offers
outside, so that they become vector instructions; two offers share a loop, which halves the traffic of the best so far.
Scores are float32: `certify` looks again, in float64, wherever float32 could have missed the best offer. What offers
cost and are worth is cut to a multiple of 2⁻ᵠ member by member and added as int64. Integer sums do not depend on
their order: the same members give the same totals in one piece or in many shards, on one thread or on two.
`choice_reference` says the same in plain numpy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solvers.core.kernels import compiled
from solvers.core.program import Floats, Ints
from solvers.offers.reward_choice import Bytes, Columns, DenseColumns, Singles

BLOCK = 8192
FLOAT32_SLIP = 2.0**-20
"""A score in float32 differs from that in float64 by less than this part of the largest score and its terms."""
_LANES = 4  # sums side by side, a power of two: adding to the one just written would wait for it
_SPARE = 2  # sums that nobody reads: of members without an offer (-1) and of near ties (-2)

Longs = npt.NDArray[np.int64]
Choices = npt.NDArray[np.int8]
Column = tuple[Singles, Singles, Singles]
"""Value, cost and bars (0 or -inf) of an offer, for the members of a block."""
Price = tuple[np.float32, np.float32]


class Room(NamedTuple):
    """Working memory for the members of a block: their ``best`` and ``second`` best score, ``arg`` their offer.

    ``value``, ``cost`` and ``bars`` (0 or -inf) [2, BLOCK] hold what is multiplied out or unpacked for two offers.
    """

    best: Singles
    second: Singles
    arg: Ints
    value: Singles
    cost: Singles
    bars: Singles


class Offered(NamedTuple):
    """What members are offered in a pass: windows begin at offers ``start`` [W+1]; prices ``lam``, ``mu`` [M].

    Who differs between two offers by less than ``width`` is a near tie.
    """

    start: Longs
    lam: Floats
    mu: Floats
    width: float


class Sums(NamedTuple):
    """Sums per offer in lanes (`_lane`), int64 [(M + spare)·lanes]."""

    counted: Longs
    spent: Longs
    worth: Longs


class Found(NamedTuple):
    """What a pass writes: ``near`` ties, and sums ``counted``, ``spent``, ``worth`` int64 [M] per offer."""

    near: Longs
    counted: Longs
    spent: Longs
    worth: Longs


class Arrays(NamedTuple):
    """The columns as kernels take them: dense ones (``value``, ``cost``) or factored ones, the other part empty.

    ``bits`` [M, 0] means that all are eligible; ``shut`` float32 [S, M] is -inf where a segment may not have an offer.
    A pass visits members from ``origin``, a multiple of 8, on: whole rows of memory keep their type, parts would not.
    """

    value: Singles
    cost: Singles
    bits: Bytes
    weight: Singles
    segment: npt.NDArray[np.int16]
    value_of: Singles
    cost_of: Singles
    shut: Singles
    origin: int


def kernel_arrays(columns: Columns, origin: int = 0) -> Arrays:
    """Return the arrays of columns in the kernels' order, to be visited from member ``origin`` on."""
    bits = np.zeros((columns.offers, 0), np.uint8) if columns.eligible is None else columns.eligible
    if isinstance(columns, DenseColumns):
        empty = np.zeros((0, 0), np.float32)
        none = np.zeros(0, np.int16)
        return Arrays(columns.value, columns.cost, bits, np.zeros(0, np.float32), none, empty, empty, empty, origin)
    empty = np.zeros((columns.offers, 0), np.float32)
    shut = np.where(columns.allowed, 0.0, -np.inf).astype(np.float32)
    return Arrays(empty, empty, bits, columns.weight, columns.segment, columns.value_of, columns.cost_of, shut, origin)


@compiled
def _unpack(bits: Bytes, bars: Singles) -> None:
    for j in range(len(bars)):
        bars[j] = np.float32(0.0) if (bits[j >> 3] >> (j & 7)) & 1 else np.float32(-np.inf)


@compiled
def _multiply(arrays: Arrays, o: int, first: int, column: Column) -> None:
    value, cost, bars = column
    for j in range(len(value)):
        s = arrays.segment[first + j]
        value[j] = arrays.weight[first + j] * arrays.value_of[s, o]
        cost[j] = arrays.weight[first + j] * arrays.cost_of[s, o]
        bars[j] += arrays.shut[s, o]


@compiled
def _column(arrays: Arrays, o: int, first: int, room: Room, k: int) -> Column:
    """Return value, cost and bars of an offer for the members from ``first`` on, in place ``k`` of the room."""
    n = len(room.best)
    bars = room.bars[k, :n]
    if arrays.bits.shape[1] > 0:
        _unpack(arrays.bits[o, first >> 3 : (first + n + 7) >> 3], bars)
    elif len(arrays.weight) > 0:
        bars[:] = 0.0
    if len(arrays.weight) == 0:
        return arrays.value[o, first : first + n], arrays.cost[o, first : first + n], bars
    column = (room.value[k, :n], room.cost[k, :n], bars)
    _multiply(arrays, o, first, column)
    return column


@compiled
def _meet(o: np.int32, column: Column, price: Price, room: Room) -> None:
    best, second, arg = room.best, room.second, room.arg
    (value, cost, bars), (lam, mu) = column, price
    for j in range(len(best)):
        score = value[j] - lam * cost[j] - mu + bars[j]
        top, next_best = best[j], second[j]
        above = score > top
        low = top if above else score
        second[j] = max(next_best, low)
        best[j] = score if above else top
        arg[j] = o if above else arg[j]


@compiled
def _meet_two(
    o: tuple[np.int32, np.int32], columns: tuple[Column, Column], prices: tuple[Price, Price], room: Room
) -> None:
    best, second, arg = room.best, room.second, room.arg
    (value0, cost0, bars0), (value1, cost1, bars1) = columns
    (lam0, mu0), (lam1, mu1) = prices
    for j in range(len(best)):
        score0 = value0[j] - lam0 * cost0[j] - mu0 + bars0[j]
        score1 = value1[j] - lam1 * cost1[j] - mu1 + bars1[j]
        later = score1 > score0
        high, low = (score1, score0) if later else (score0, score1)
        winner = o[1] if later else o[0]
        top, next_best = best[j], second[j]
        above = high > top
        middle = top if above else high
        middle = max(low, middle)
        second[j] = max(next_best, middle)
        best[j] = high if above else top
        arg[j] = winner if above else arg[j]


@compiled
def _scan(arrays: Arrays, first: int, offers: tuple[int, int], prices: tuple[Singles, Singles], room: Room) -> None:
    """Find the best and second best of some offers for the members from ``first`` on; none counts 0."""
    room.best[:] = 0
    room.second[:] = -np.inf
    room.arg[:] = -1
    begin, end = offers
    lam, mu = prices
    for o in range(begin, end - 1, 2):
        columns = (_column(arrays, o, first, room, 0), _column(arrays, o + 1, first, room, 1))
        _meet_two((np.int32(o), np.int32(o + 1)), columns, ((lam[o], mu[o]), (lam[o + 1], mu[o + 1])), room)
    if (end - begin) % 2:
        o = end - 1
        _meet(np.int32(o), _column(arrays, o, first, room, 0), (lam[o], mu[o]), room)


@compiled
def _offer(arrays: Arrays, o: int, member: int) -> tuple[np.float32, np.float32]:
    """Return value and cost of an offer for a member."""
    if len(arrays.weight) == 0:
        return arrays.value[o, member], arrays.cost[o, member]
    weight, s = arrays.weight[member], arrays.segment[member]
    return weight * arrays.value_of[s, o], weight * arrays.cost_of[s, o]


@compiled
def _open(arrays: Arrays, o: int, member: int) -> bool:
    """Tell whether a member may have an offer."""
    if len(arrays.weight) > 0 and arrays.shut[arrays.segment[member], o] < 0:
        return False
    return arrays.bits.shape[1] == 0 or bool((arrays.bits[o, member >> 3] >> (member & 7)) & 1)


@compiled
def _list_near(room: Room, width: float, first: int, step: int, near: Longs, found: int) -> int:
    """List members whose best and second best differ by less than ``width``, as ``first + step·place``."""
    n, narrow = len(room.best), np.float32(width)
    if found + n <= len(near):
        for j in range(n):
            near[found] = first + step * j
            found += int(room.best[j] - room.second[j] < narrow)
        return found
    for j in range(n):
        if room.best[j] - room.second[j] < narrow:
            if found < len(near):
                near[found] = first + step * j
            found += 1
    return found


@compiled
def _strike(room: Room, width: float) -> None:
    narrow = np.float32(width)
    for j in range(len(room.best)):
        room.arg[j] = -2 if room.best[j] - room.second[j] < narrow else room.arg[j]


@compiled
def _lane(offer: int, member: int) -> int:
    return (offer + _SPARE) * _LANES + (member & (_LANES - 1))


@compiled
def _add_chosen(arrays: Arrays, first: int, arg: Ints, unit: float, sums: Sums) -> None:
    """Add up members and money per offer chosen."""
    for j in range(len(arg)):
        o = arg[j]
        _, cost = _offer(arrays, max(o, 0), first + j)
        k = _lane(o, j)
        sums.counted[k] += 1
        sums.spent[k] += np.int64(np.float64(cost) * unit)


@compiled
def _fold(lanes: Longs, total: Longs) -> None:
    for o in range(len(total)):
        for r in range(_LANES):
            total[o] += lanes[_lane(o, r)]


@compiled
def _sums(offers: int) -> Sums:
    size = (offers + _SPARE) * _LANES
    return Sums(np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64))


@compiled
def _room() -> Room:
    singles = np.zeros((6, BLOCK), np.float32)
    best, second, arg = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.int32)
    return Room(best, second, arg, singles[0:2], singles[2:4], singles[4:6])


@compiled
def _part(room: Room, n: int) -> Room:
    return Room(room.best[:n], room.second[:n], room.arg[:n], room.value, room.cost, room.bars)


@compiled
def collect(arrays: Arrays, members: int, offered: Offered, unit: float, found: Found) -> int:
    """Sort members and windows into clear choices, added up, and near ties, listed.

    A member's window is a near tie where its best and second best (no offer counts as 0) differ by less than
    ``offered.width``. ``found.near`` int64 receives ``W·member + window`` as far as it has room. Returns their number;
    adds to ``found.counted`` and ``found.spent`` in units of ``1/unit``. Prices and arithmetic are float32.
    """
    windows = len(offered.start) - 1
    prices = (offered.lam.astype(np.float32), offered.mu.astype(np.float32))
    sums, whole, many = _sums(len(offered.lam)), _room(), 0
    for b in range(0, members, BLOCK):
        room = _part(whole, min(BLOCK, members - b))
        for w in range(windows):
            _scan(arrays, arrays.origin + b, (offered.start[w], offered.start[w + 1]), prices, room)
            if offered.width > 0:
                many = _list_near(room, offered.width, windows * b + w, windows, found.near, many)
                _strike(room, offered.width)
            _add_chosen(arrays, arrays.origin + b, room.arg, unit, sums)
    _fold(sums.counted, found.counted)
    _fold(sums.spent, found.spent)
    return many


@compiled
def _look_again(arrays: Arrays, member: int, offers: tuple[int, int], offered: Offered) -> tuple[float, float, int]:
    """Return best and second best score of a member in float64, and the offer."""
    best, second, arg = 0.0, -np.inf, -1
    for o in range(offers[0], offers[1]):
        if _open(arrays, o, member):
            value, cost = _offer(arrays, o, member)
            score = np.float64(value) - offered.lam[o] * np.float64(cost) - offered.mu[o]
            if score > best:
                best, second, arg = score, best, o
            else:
                second = max(second, score)
    return best, second, arg


@compiled
def _decide_doubtful(
    arrays: Arrays, first: int, offers: tuple[int, int], offered: Offered, doubt: float, room: Room
) -> None:
    """Decide in float64 where float32 could be wrong; ``room.best - room.second`` is -1 at near ties, else ≥ 0."""
    doubtful = np.float32(offered.width + doubt)
    for j in range(len(room.arg)):
        if room.best[j] - room.second[j] < doubtful:
            score, second, o = _look_again(arrays, first + j, offers, offered)
            room.arg[j], room.best[j], room.second[j] = o, -1.0 if score - second < offered.width else 0.0, 0.0


@compiled
def _add_all(arrays: Arrays, first: int, arg: Ints, offered: Offered, units: Floats, sums: Sums) -> int:
    """Add up members, money and worth per offer chosen, in lanes; returns the sum of the scores, each rounded up."""
    total = 0
    for j in range(len(arg)):
        o, k = max(arg[j], 0), _lane(arg[j], j)
        some = 1.0 if arg[j] >= 0 else 0.0
        value, cost = _offer(arrays, o, first + j)
        score = np.float64(value) - offered.lam[o] * np.float64(cost) - offered.mu[o]
        total += int(some * score * units[1]) + 1
        sums.counted[k] += 1
        sums.spent[k] += np.int64(np.float64(cost) * units[0])
        sums.worth[k] += np.int64(np.float64(value) * units[0])
    return total


@compiled
def certify(arrays: Arrays, offered: Offered, units: Floats, choice: Choices, found: Found) -> tuple[int, int]:
    """Choose the best offer of every member and window at float64 prices, and add up what bound and plan need.

    ``choice`` int8 [W, N] receives the offers (-1: none); ``found`` the totals of the chosen and near ties as in
    `collect`. Returns the number of near ties and the sum of the best scores, an integer in units of ``1/units[1]``,
    every score rounded up; ``units`` is (of money, of scores, what a score may be off by in float32, twice).
    """
    windows, members = choice.shape
    prices = (offered.lam.astype(np.float32), offered.mu.astype(np.float32))
    sums, whole, many, total = _sums(len(offered.lam)), _room(), 0, 0
    for b in range(0, members, BLOCK):
        room = _part(whole, min(BLOCK, members - b))
        for w in range(windows):
            offers = (offered.start[w], offered.start[w + 1])
            _scan(arrays, arrays.origin + b, offers, prices, room)
            _decide_doubtful(arrays, arrays.origin + b, offers, offered, units[2], room)
            total += _add_all(arrays, arrays.origin + b, room.arg, offered, units, sums)
            choice[w, b : b + len(room.arg)] = room.arg
            many = _list_near(room, 0.0, windows * b + w, windows, found.near, many)
    _fold(sums.counted, found.counted)
    _fold(sums.spent, found.spent)
    _fold(sums.worth, found.worth)
    return many, total


def room_for(size: int) -> Longs:
    """Return room for so many near ties, int64."""
    return np.empty(size, dtype=np.int64)


def no_totals(near: Longs, offers: int) -> Found:
    """Return sums of nothing, with room for near ties."""
    return Found(near, *(np.zeros(offers, dtype=np.int64) for _ in range(3)))

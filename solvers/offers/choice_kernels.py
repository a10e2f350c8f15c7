"""Passes over the members of a reward choice, compiled: block by block, offer by offer, many members at a time.

Members are visited in blocks that fit the first-level cache. Inside a block the loops run over members with offers
outside, so that they become vector instructions; sums go into fixed lanes that are added in a fixed order, and every
block's sum is rounded to a multiple of 2⁻ᵠ and added as int64. Integer sums do not depend on their order: the same
members give the same totals in one piece or in many shards, on one thread or on two. `choice_reference` says the same
in plain numpy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solvers.core.kernels import compiled
from solvers.core.program import Floats, Ints
from solvers.offers.reward_choice import Bytes, Columns, DenseColumns, Singles

BLOCK = 2048
LANES = 64

Longs = npt.NDArray[np.int64]
Reals = npt.NDArray[np.floating]
Choices = npt.NDArray[np.int8]
Width = float | np.float32
Name = np.int32 | int
"""An offer's number; 32 bits wide where vectors are compared with it."""


class Room(NamedTuple):
    """Working memory for the members of a block: their ``best`` and ``second`` best score, ``arg`` their offer."""

    best: Reals
    second: Reals
    arg: Ints
    value: Singles
    cost: Singles
    pen: Singles


class Offered(NamedTuple):
    """What members are offered in a pass: windows begin at offers ``start`` [W+1]; prices ``lam``, ``mu`` [M].

    Who differs between two offers by less than ``width`` is a near tie.
    """

    start: Longs
    lam: Reals
    mu: Reals
    width: Width


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


PENALTY: Singles = np.where((np.arange(256)[:, None] >> np.arange(8)) & 1, 0.0, -np.inf).astype(np.float32)


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
def _fill(arrays: Arrays, o: int, b: int, n: int, room: Room) -> None:
    for j in range(n):
        s = arrays.segment[b + j]
        room.value[j] = arrays.weight[b + j] * arrays.value_of[s, o]
        room.cost[j] = arrays.weight[b + j] * arrays.cost_of[s, o]
        room.pen[j] = arrays.shut[s, o]


@compiled
def _bar(bits: Bytes, penalty: Singles, pen: Singles) -> None:
    for q in range(len(bits)):
        byte = bits[q]
        for r in range(8):
            pen[8 * q + r] = penalty[byte, r]


@compiled
def _bar_more(bits: Bytes, penalty: Singles, pen: Singles) -> None:
    for q in range(len(bits)):
        byte = bits[q]
        for r in range(8):
            pen[8 * q + r] += penalty[byte, r]


@compiled
def _meet(value: Reals, cost: Reals, price: tuple[float, float], o: Name, room: Room) -> None:
    best, second, arg = room.best, room.second, room.arg
    lam, mu = price
    for j in range(len(value)):
        score = value[j] - lam * cost[j] - mu
        top = best[j]
        above = score > top
        low = top if above else score
        second[j] = max(second[j], low)
        best[j] = score if above else top
        arg[j] = o if above else arg[j]


@compiled
def _meet_some(value: Reals, cost: Reals, price: tuple[float, float], o: Name, room: Room) -> None:
    best, second, arg, pen = room.best, room.second, room.arg, room.pen
    lam, mu = price
    for j in range(len(value)):
        score = value[j] - lam * cost[j] - mu + pen[j]
        top = best[j]
        above = score > top
        low = top if above else score
        second[j] = max(second[j], low)
        best[j] = score if above else top
        arg[j] = o if above else arg[j]


@compiled
def _lane_total(column: Reals, arg: Ints, o: Name, lanes: Floats) -> float:
    """Sum a column over the members whose choice is o, in lanes."""
    n = len(arg)
    for r in range(LANES):
        lanes[r] = 0.0
    for q in range(n // LANES):
        part, chosen = column[q * LANES : (q + 1) * LANES], arg[q * LANES : (q + 1) * LANES]
        for r in range(LANES):
            lanes[r] += np.float64(part[r]) if chosen[r] == o else 0.0
    for j in range(n // LANES * LANES, n):
        lanes[j % LANES] += np.float64(column[j]) if arg[j] == o else 0.0
    return _fold(lanes)


@compiled
def _lane_sum(column: Reals, lanes: Floats) -> float:
    n = len(column)
    for r in range(LANES):
        lanes[r] = 0.0
    for q in range(n // LANES):
        part = column[q * LANES : (q + 1) * LANES]
        for r in range(LANES):
            lanes[r] += np.float64(part[r])
    for j in range(n // LANES * LANES, n):
        lanes[j % LANES] += np.float64(column[j])
    return _fold(lanes)


@compiled
def _fold(lanes: Floats) -> float:
    half = LANES
    while half > 1:
        half //= 2
        for r in range(half):
            lanes[r] += lanes[r + half]
    return float(lanes[0])


@compiled
def _number(arg: Ints, o: Name) -> int:
    many = np.int32(0)
    for j in range(len(arg)):
        many += np.int32(arg[j] == o)
    return int(many)


@compiled
def _scan(arrays: Arrays, penalty: Singles, b: int, window: int, offered: Offered, room: Room) -> None:
    """Find the best and second best offer of the members of a block, from b on, among the offers of one window."""
    n, b = len(room.best), b + arrays.origin
    room.best[:] = 0
    room.second[:] = -np.inf
    room.arg[:] = -1
    dense = len(arrays.weight) == 0
    some = arrays.bits.shape[1] > 0
    for o in range(offered.start[window], offered.start[window + 1]):
        price = (offered.lam[o], offered.mu[o])
        if dense:
            v, c = arrays.value[o, b : b + n], arrays.cost[o, b : b + n]
            if some:
                _bar(arrays.bits[o, b >> 3 : (b + n + 7) >> 3], penalty, room.pen)
                _meet_some(v, c, price, np.int32(o), room)
            else:
                _meet(v, c, price, np.int32(o), room)
        else:
            _fill(arrays, o, b, n, room)
            if some:
                _bar_more(arrays.bits[o, b >> 3 : (b + n + 7) >> 3], penalty, room.pen)
            _meet_some(room.value[:n], room.cost[:n], price, np.int32(o), room)


@compiled
def _cost_total(arrays: Arrays, b: int, o: int, room: Room, lanes: Floats) -> float:
    """Sum what offer o costs those members of the block from b on who choose it."""
    n, b = len(room.arg), b + arrays.origin
    if len(arrays.weight) == 0:
        return _lane_total(arrays.cost[o, b : b + n], room.arg, np.int32(o), lanes)
    for j in range(n):
        room.cost[j] = arrays.weight[b + j] * arrays.cost_of[arrays.segment[b + j], o]
    return _lane_total(room.cost[:n], room.arg, np.int32(o), lanes)


@compiled
def _value_total(arrays: Arrays, b: int, o: int, room: Room, lanes: Floats) -> float:
    """Sum what offer o is worth with those members of the block from b on who choose it."""
    n, b = len(room.arg), b + arrays.origin
    if len(arrays.weight) == 0:
        return _lane_total(arrays.value[o, b : b + n], room.arg, np.int32(o), lanes)
    for j in range(n):
        room.value[j] = arrays.weight[b + j] * arrays.value_of[arrays.segment[b + j], o]
    return _lane_total(room.value[:n], room.arg, np.int32(o), lanes)


@compiled
def _list_near(room: Room, width: Width, first: int, step: int, near: Longs, found: int) -> int:
    """List members whose best and second best differ by less than ``width``, as ``first + step·place``."""
    n = len(room.best)
    if found + n <= len(near):
        for j in range(n):
            near[found] = first + step * j
            found += int(room.best[j] - room.second[j] < width)
        return found
    for j in range(n):
        if room.best[j] - room.second[j] < width:
            if found < len(near):
                near[found] = first + step * j
            found += 1
    return found


@compiled
def _strike(room: Room, width: Width) -> None:
    for j in range(len(room.best)):
        room.arg[j] = -2 if room.best[j] - room.second[j] < width else room.arg[j]


@compiled
def collect(arrays: Arrays, penalty: Singles, members: int, offered: Offered, unit: float, found: Found) -> int:
    """Sort members and windows into clear choices, added up, and near ties, listed.

    A member's window is a near tie where its best and second best (no offer counts as 0) differ by less than
    ``offered.width``. ``found.near`` int64 receives ``W·member + window`` as far as it has room. Returns their number;
    adds to ``found.counted`` and ``found.spent`` in units of ``1/unit``. Prices and arithmetic are float32.
    """
    windows = len(offered.start) - 1
    best, second, arg = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.int32)
    value, cost, pen = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    lanes = np.empty(LANES, np.float64)
    many = 0
    for b in range(0, members, BLOCK):
        n = min(BLOCK, members - b)
        room = Room(best[:n], second[:n], arg[:n], value, cost, pen)
        for w in range(windows):
            _scan(arrays, penalty, b, w, offered, room)
            many = _list_near(room, offered.width, windows * b + w, windows, found.near, many)
            _strike(room, offered.width)
            for o in range(offered.start[w], offered.start[w + 1]):
                found.counted[o] += _number(arg[:n], np.int32(o))
                found.spent[o] += np.int64(np.rint(_cost_total(arrays, b, o, room, lanes) * unit))
    return many


@compiled
def certify(
    arrays: Arrays, penalty: Singles, offered: Offered, units: Floats, choice: Choices, found: Found
) -> tuple[int, int]:
    """Choose the best offer of every member and window at float64 prices, and add up what bound and plan need.

    ``choice`` int8 [W, N] receives the offers (-1: none); ``found`` the totals of the chosen and near ties as in
    `collect`. Returns the number of near ties and the sum of the best scores, an integer in units of ``1/units[1]``
    rounded up block by block; ``units`` is (of money, of scores).
    """
    windows, members = choice.shape
    best, second, arg = np.empty(BLOCK, np.float64), np.empty(BLOCK, np.float64), np.empty(BLOCK, np.int32)
    value, cost, pen = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    lanes = np.empty(LANES, np.float64)
    many, total = 0, 0
    for b in range(0, members, BLOCK):
        n = min(BLOCK, members - b)
        room = Room(best[:n], second[:n], arg[:n], value, cost, pen)
        for w in range(windows):
            _scan(arrays, penalty, b, w, offered, room)
            choice[w, b : b + n] = arg[:n]
            many = _list_near(room, offered.width, windows * b + w, windows, found.near, many)
            total += int(np.ceil(_lane_sum(best[:n], lanes) * units[1]))
            for o in range(offered.start[w], offered.start[w + 1]):
                found.counted[o] += _number(arg[:n], np.int32(o))
                found.spent[o] += np.int64(np.rint(_cost_total(arrays, b, o, room, lanes) * units[0]))
                found.worth[o] += np.int64(np.rint(_value_total(arrays, b, o, room, lanes) * units[0]))
    return many, total


def room_for(size: int) -> Longs:
    """Return room for so many near ties, int64."""
    return np.empty(size, dtype=np.int64)


def no_totals(near: Longs, offers: int) -> Found:
    """Return sums of nothing, with room for near ties."""
    return Found(near, *(np.zeros(offers, dtype=np.int64) for _ in range(3)))

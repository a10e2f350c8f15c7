"""Passes over the members of a reward choice, compiled: block by block, offer by offer, many members at a time.

Members are visited in blocks that fit the first-level cache. Inside a block the loops run over members with offers
outside, so that they become vector instructions; sums go into fixed lanes that are added in a fixed order, and every
block's sum is rounded to a multiple of 2⁻ᵠ and added as int64. Integer sums do not depend on their order: the same
members give the same totals in one piece or in many shards, on one thread or on two. `choice_reference` says the same
in plain numpy.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from solvers.core.program import Floats, Ints
from solvers.offers.reward_choice import Bytes, Columns, DenseColumns, Singles

BLOCK = 2048
LANES = 64
_compiled = nb.njit(nogil=True, error_model="numpy", cache=True)

Longs = npt.NDArray[np.int64]


class Arrays(NamedTuple):
    """The columns as kernels take them: dense ones (``value``, ``cost``) or factored ones, the other part empty.

    ``bits`` [M, 0] means that all are eligible; ``shut`` float32 [S, M] is -inf where a segment may not have an offer.
    """

    value: Singles
    cost: Singles
    bits: Bytes
    weight: Singles
    segment: npt.NDArray[np.int16]
    value_of: Singles
    cost_of: Singles
    shut: Singles


PENALTY: Singles = np.where((np.arange(256)[:, None] >> np.arange(8)) & 1, 0.0, -np.inf).astype(np.float32)


def kernel_arrays(columns: Columns) -> Arrays:
    """Return the arrays of columns in the kernels' order."""
    bits = np.zeros((columns.offers, 0), np.uint8) if columns.eligible is None else columns.eligible
    if isinstance(columns, DenseColumns):
        empty = np.zeros((0, 0), np.float32)
        none = np.zeros(0, np.int16)
        return Arrays(columns.value, columns.cost, bits, np.zeros(0, np.float32), none, empty, empty, empty)
    empty = np.zeros((columns.offers, 0), np.float32)
    shut = np.where(columns.allowed, 0.0, -np.inf).astype(np.float32)
    return Arrays(empty, empty, bits, columns.weight, columns.segment, columns.value_of, columns.cost_of, shut)


@_compiled
def _fill(arrays, o, b, n, value, cost, pen):  # type: ignore[no-untyped-def]  # compiled
    for j in range(n):
        s = arrays.segment[b + j]
        value[j] = arrays.weight[b + j] * arrays.value_of[s, o]
        cost[j] = arrays.weight[b + j] * arrays.cost_of[s, o]
        pen[j] = arrays.shut[s, o]


@_compiled
def _bar(bits, penalty, pen):  # type: ignore[no-untyped-def]  # compiled
    for q in range(len(bits)):
        byte = bits[q]
        for r in range(8):
            pen[8 * q + r] = penalty[byte, r]


@_compiled
def _bar_more(bits, penalty, pen):  # type: ignore[no-untyped-def]  # compiled
    for q in range(len(bits)):
        byte = bits[q]
        for r in range(8):
            pen[8 * q + r] += penalty[byte, r]


@_compiled
def _meet(value, cost, lam, mu, o, best, second, arg):  # type: ignore[no-untyped-def]  # compiled
    for j in range(len(value)):
        score = value[j] - lam * cost[j] - mu
        top = best[j]
        above = score > top
        low = top if above else score
        second[j] = low if low > second[j] else second[j]
        best[j] = score if above else top
        arg[j] = o if above else arg[j]


@_compiled
def _meet_some(value, cost, lam, mu, o, pen, best, second, arg):  # type: ignore[no-untyped-def]  # compiled
    for j in range(len(value)):
        score = value[j] - lam * cost[j] - mu + pen[j]
        top = best[j]
        above = score > top
        low = top if above else score
        second[j] = low if low > second[j] else second[j]
        best[j] = score if above else top
        arg[j] = o if above else arg[j]


@_compiled
def _lane_total(column, arg, o, lanes):  # type: ignore[no-untyped-def]  # compiled
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


@_compiled
def _lane_sum(column, lanes):  # type: ignore[no-untyped-def]  # compiled
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


@_compiled
def _fold(lanes):  # type: ignore[no-untyped-def]  # compiled
    half = LANES
    while half > 1:
        half //= 2
        for r in range(half):
            lanes[r] += lanes[r + half]
    return lanes[0]


@_compiled
def _number(arg, o):  # type: ignore[no-untyped-def]  # compiled
    many = 0
    for j in range(len(arg)):
        many += np.int32(arg[j] == o)
    return many


@_compiled
def _scan(arrays, penalty, b, n, first_offer, last_offer, lam, mu, room):  # type: ignore[no-untyped-def]  # compiled
    """Find the best and second best offer of the members of a block among the offers of one window."""
    best, second, arg, value, cost, pen = room
    best[:n] = 0
    second[:n] = -np.inf
    arg[:n] = -1
    dense = len(arrays.weight) == 0
    some = arrays.bits.shape[1] > 0
    for o in range(first_offer, last_offer):
        name = np.int32(o)
        if dense:
            v, c = arrays.value[o, b : b + n], arrays.cost[o, b : b + n]
            if some:
                _bar(arrays.bits[o, b >> 3 : (b + n + 7) >> 3], penalty, pen)
                _meet_some(v, c, lam[o], mu[o], name, pen, best, second, arg)
            else:
                _meet(v, c, lam[o], mu[o], name, best, second, arg)
        else:
            _fill(arrays, o, b, n, value, cost, pen)
            if some:
                _bar_more(arrays.bits[o, b >> 3 : (b + n + 7) >> 3], penalty, pen)
            _meet_some(value[:n], cost[:n], lam[o], mu[o], name, pen, best, second, arg)


@_compiled
def _add_cost(arrays, b, n, o, arg, cost, lanes):  # type: ignore[no-untyped-def]  # compiled
    if len(arrays.weight) == 0:
        return _lane_total(arrays.cost[o, b : b + n], arg, np.int32(o), lanes)
    for j in range(n):
        cost[j] = arrays.weight[b + j] * arrays.cost_of[arrays.segment[b + j], o]
    return _lane_total(cost[:n], arg, np.int32(o), lanes)


@_compiled
def _add_value(arrays, b, n, o, arg, value, lanes):  # type: ignore[no-untyped-def]  # compiled
    if len(arrays.weight) == 0:
        return _lane_total(arrays.value[o, b : b + n], arg, np.int32(o), lanes)
    for j in range(n):
        value[j] = arrays.weight[b + j] * arrays.value_of[arrays.segment[b + j], o]
    return _lane_total(value[:n], arg, np.int32(o), lanes)


@_compiled
def _list_near(best, second, width, first, step, near, found):  # type: ignore[no-untyped-def]  # compiled
    n = len(best)
    if found + n <= len(near):
        for j in range(n):
            near[found] = first + step * j
            found += np.int64(best[j] - second[j] < width)
        return found
    for j in range(n):
        if best[j] - second[j] < width:
            if found < len(near):
                near[found] = first + step * j
            found += 1
    return found


@_compiled
def _strike(best, second, width, arg):  # type: ignore[no-untyped-def]  # compiled
    for j in range(len(best)):
        arg[j] = -2 if best[j] - second[j] < width else arg[j]


@_compiled
def collect(arrays, penalty, members, start, lam, mu, width, unit, near, count, spend):  # type: ignore[no-untyped-def]  # compiled
    """Sort members and windows into clear choices, added up, and near ties, listed.

    A member's window is a near tie where its best and second best (no offer counts as 0) differ by less than
    ``width``. ``near`` int64 receives ``W·member + window`` as far as it has room. Returns their number; adds to
    ``count`` int64 [M] and ``spend`` int64 [M] in units of ``1/unit``. Prices and arithmetic are float32.
    """
    windows = len(start) - 1
    best, second = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    arg = np.empty(BLOCK, np.int32)
    value, cost, pen = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    lanes = np.empty(LANES, np.float64)
    found = 0
    for b in range(0, members, BLOCK):
        n = min(BLOCK, members - b)
        for w in range(windows):
            room = (best[:n], second[:n], arg[:n], value, cost, pen)
            _scan(arrays, penalty, b, n, start[w], start[w + 1], lam, mu, room)
            found = _list_near(best[:n], second[:n], width, windows * b + w, windows, near, found)
            _strike(best[:n], second[:n], width, arg[:n])
            for o in range(start[w], start[w + 1]):
                count[o] += _number(arg[:n], np.int32(o))
                spend[o] += np.int64(np.rint(_add_cost(arrays, b, n, o, arg[:n], cost, lanes) * unit))
    return found


@_compiled
def certify(  # type: ignore[no-untyped-def]  # compiled
    arrays, penalty, members, start, lam, mu, width, units, near, choice, count, spend, worth
):
    """Choose the best offer of every member and window at float64 prices, and add up what bound and plan need.

    ``choice`` int8 [W, N] receives the offers (-1: none); ``count``, ``spend``, ``worth`` int64 [M] the totals of the
    chosen; ``near`` the near ties as in `collect`. Returns their number and the sum of the best scores, an int64 in
    units of ``1/units[1]`` rounded up block by block. ``units`` is (of money, of scores).
    """
    windows = len(start) - 1
    best, second = np.empty(BLOCK, np.float64), np.empty(BLOCK, np.float64)
    arg = np.empty(BLOCK, np.int32)
    value, cost, pen = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    lanes = np.empty(LANES, np.float64)
    found, total = 0, np.int64(0)
    for b in range(0, members, BLOCK):
        n = min(BLOCK, members - b)
        for w in range(windows):
            room = (best[:n], second[:n], arg[:n], value, cost, pen)
            _scan(arrays, penalty, b, n, start[w], start[w + 1], lam, mu, room)
            choice[w, b : b + n] = arg[:n]
            found = _list_near(best[:n], second[:n], width, windows * b + w, windows, near, found)
            total += np.int64(np.ceil(_lane_sum(best[:n], lanes) * units[1]))
            for o in range(start[w], start[w + 1]):
                count[o] += _number(arg[:n], np.int32(o))
                spend[o] += np.int64(np.rint(_add_cost(arrays, b, n, o, arg[:n], cost, lanes) * units[0]))
                worth[o] += np.int64(np.rint(_add_value(arrays, b, n, o, arg[:n], value, lanes) * units[0]))
    return found, total


def near_room(size: int) -> Longs:
    """Return room for so many near ties, int64."""
    return np.empty(size, dtype=np.int64)


def kernel_prices(lam: Floats, mu: Floats, dtype: npt.DTypeLike) -> tuple[npt.NDArray[np.floating], ...]:
    """Return prices per offer in the precision of a kernel."""
    return lam.astype(dtype), mu.astype(dtype)


def window_starts(start: Ints) -> Longs:
    """Return first offers of windows as kernels take them."""
    return start.astype(np.int64)

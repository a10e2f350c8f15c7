"""Blocks asked in parallel, each in the process of its host: the same answers however many hosts there are.

Block b lives on host ``b mod hosts``. What a block answers depends on the prices, the limits and its own last answer
alone, so the number of hosts does not enter. The last answers are journalled here: a host that died, or did not answer
in time, is ended and started anew from them, and what it did not answer is missing (None), which ends up in no bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic
from types import TracebackType
from typing import Self

import numpy as np

from solvers.coordination.block_problem import BlockProblem, Part
from solvers.coordination.oracle import MixedIntegerOracle, oracle_of
from solvers.coordination.proposal import Reply
from solvers.core.backend import Backend
from solvers.core.errors import SolverError
from solvers.core.program import Floats
from solvers.core.termination import UNLIMITED, Limits

MakeBackend = Callable[[], Backend]
"""Makes the backend of a host, inside it; must be importable there, as a class or a partial of one is."""

_Starts = tuple[Floats | None, ...]


@dataclass(slots=True, eq=False)
class _Host:
    process: BaseProcess
    line: Connection


class ProcessPricing:
    """Hosts that live on with the models of their blocks, until closed.

    ``patience`` is how many seconds a round may take, without limit unless told; only it makes answers depend on the
    machine. A host whose block raises a SolverError goes on; that block's reply is missing.
    """

    def __init__(self, problem: BlockProblem, make: MakeBackend, *, hosts: int, patience: float | None = None) -> None:
        if hosts < 1:
            raise ValueError(f"blocks need at least one host, got {hosts}")
        blocks = len(problem.blocks)
        self._parts, self._make, self._patience = problem.blocks, make, patience
        self._shares = tuple(np.arange(h, blocks, hosts) for h in range(min(hosts, blocks)))
        self._journal: list[Floats | None] = [None] * blocks
        self._hosts: list[_Host | None] = [self._start(h) for h in range(len(self._shares))]

    def ask(self, prices: Floats, *, limits: Limits = UNLIMITED) -> Sequence[Reply | None]:
        """Return one reply per block in their order, None where a block did not answer."""
        waiting: dict[Connection, int] = {}
        for h, standing in enumerate(self._hosts):
            host = standing or self._start(h)
            self._hosts[h] = host
            try:
                host.line.send((prices, limits))
            except OSError:
                self._end(h)
            else:
                waiting[host.line] = h
        replies: list[Reply | None] = [None] * len(self._parts)
        until = None if self._patience is None else monotonic() + self._patience
        while waiting:
            ready = wait(list(waiting), None if until is None else max(until - monotonic(), 0.0))
            if not ready:
                break
            for line in [line for line in waiting if line in ready]:
                self._hear(waiting.pop(line), replies)
        for h in waiting.values():
            self._end(h)
        return replies

    def close(self) -> None:
        """End all hosts; the next question would start them anew."""
        for h in range(len(self._hosts)):
            self._end(h)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hear(self, h: int, replies: list[Reply | None]) -> None:
        host = self._hosts[h]
        if host is None:
            return
        try:
            told: tuple[Reply | None, ...] = host.line.recv()
        except (EOFError, OSError):
            self._end(h)
            return
        for b, reply in zip(self._shares[h], told, strict=True):
            replies[b] = reply
            if reply is not None and reply.proposals:
                self._journal[b] = reply.proposals[0].x

    def _start(self, h: int) -> _Host:
        # Never fork: the calling process may hold the threads and locks of a solver.
        context = get_context("spawn")
        here, there = context.Pipe()
        parts = tuple(self._parts[b] for b in self._shares[h])
        starts = tuple(self._journal[b] for b in self._shares[h])
        process = context.Process(target=_serve, args=(there, parts, starts, self._make), daemon=True)
        process.start()
        there.close()
        return _Host(process, here)

    def _end(self, h: int) -> None:
        host = self._hosts[h]
        if host is None:
            return
        host.line.close()
        host.process.kill()
        host.process.join()
        self._hosts[h] = None


def _serve(line: Connection, parts: tuple[Part, ...], starts: _Starts, make: MakeBackend) -> None:
    """Answer questions until the line is closed."""
    backend = make()
    oracles = [oracle_of(part, backend) for part in parts]
    for oracle, start in zip(oracles, starts, strict=True):
        if start is not None and isinstance(oracle, MixedIntegerOracle):
            oracle.resume(start)
    while True:
        try:
            prices, limits = line.recv()
        except (EOFError, OSError):
            return
        replies: list[Reply | None] = []
        for oracle in oracles:
            try:
                replies.append(oracle.answer(prices, limits=limits))
            except SolverError:
                replies.append(None)
        line.send(tuple(replies))

"""Workers on Ray: each is an actor that answers line after line, and they are spread over the nodes there are.

Where :mod:`actors.on_ray` spreads the agents of one plan over hosts, these each do a whole job of their own, which is
what many jobs need that do not wait for each other. Actors end with whoever started them, however that ends. A worker
that was lost is told as such, and whoever asks starts another one: on the node that has most room, so that nodes may
leave and come.
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.actor_answers import ClusterLost, answered
from actors.line_worker import LineWorker
from actors.on_ray import NAMESPACE, RayNotStarted, probe
from actors.ray_head import end_head, spawn_head
from planner.domain.errors import PlanningFailed

_START_SECONDS = 300.0
_WATCH_SECONDS = 2.0
_LONGEST_SECONDS = 1e9
_STARTS = 3
_PLACE_CPUS = 0.01
"""Next to nothing: where nodes are lost, those that are left take their workers, however busy they are."""


class RayWorker:
    """One actor, on a node of the cluster."""

    def __init__(self, actor: Any, node: str, gone: threading.Event) -> None:
        self._actor, self.node, self._gone = actor, node, gone
        self._lost = False

    @property
    def alive(self) -> bool:
        """Tell whether it can be asked, as far as is known."""
        return not self._lost

    async def open(self, run: Mapping[str, object]) -> dict[str, Any] | None:
        """Get it ready; None where it is gone."""
        return await self._answered(self._actor.open.remote(run), _START_SECONDS)

    async def ask(self, line: Mapping[str, object]) -> dict[str, Any] | None:
        """Return the answer to a line; None where the worker is gone.

        Raises
        ------
        PlanningFailed
            If the cluster is gone, or Ray cannot pass lines on.
        """
        return await self._answered(self._actor.answer.remote(line), _LONGEST_SECONDS)

    async def end(self) -> None:
        """End it, whatever it does."""
        self._lost = True
        if not self._gone.is_set():
            with suppress(RayError):
                ray.kill(self._actor)

    async def _answered(self, reference: Any, seconds: float) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = await answered(reference, self._gone, seconds=seconds)
        except (ActorDiedError, ActorUnavailableError):
            self._lost = True
            return None
        except ClusterLost as error:
            raise PlanningFailed(f"{error}; start it again, and what was not answered can be asked anew") from error
        except RayError as error:
            raise PlanningFailed(f"Ray: {type(error).__name__}: {str(error).splitlines()[0]}") from error
        return answer


class RayCrew:
    """Starts workers in the cluster at ``address``, or in one of its own (None); ``factory`` makes what answers."""

    def __init__(self, factory: str, *, address: str | None = None) -> None:
        self._factory, self._address = factory, address
        self._head: subprocess.Popen[str] | None = None
        self._gone, self._closing = threading.Event(), threading.Event()
        self._watching: threading.Thread | None = None
        self._joining = threading.Lock()
        self._processors: dict[str, float] = {}
        self._workers: list[RayWorker] = []

    def join(self) -> int:
        """Join the cluster, or start one; return how many processors its nodes offer now, at least 1.

        Raises
        ------
        PlanningFailed
            If nobody answers at the address, or no cluster can be started.
        """
        with self._joining:
            if self._watching is None:
                try:
                    self._connect()
                except (RayError, ConnectionError) as error:
                    raise PlanningFailed(str(error).splitlines()[0]) from error
                self._watching = threading.Thread(target=self._watch, name="watching the cluster", daemon=True)
                self._watching.start()
        return max(1, int(sum(self._processors.values())))

    async def start(self, run: Mapping[str, object]) -> RayWorker:
        """Return a worker that is ready for lines.

        Raises
        ------
        PlanningFailed
            If there is no cluster, none can be started, or a worker refuses the run.
        """
        await asyncio.to_thread(self.join)
        for _ in range(_STARTS):
            worker = self._placed()
            try:
                ready = await worker.open(run)
            except BaseException:
                await worker.end()
                raise
            if ready is not None and "refused" in ready:
                await worker.end()
                raise PlanningFailed(f"a worker on the cluster refuses the run: {ready['refused']}")
            if ready is not None:
                return worker
        raise PlanningFailed(f"{_STARTS} workers were lost while they started; Ray's logs on the nodes say why")

    def is_misplaced(self, worker: RayWorker) -> bool:
        """Tell whether another node has so much more room that a new worker there is better than this one here."""
        loads = self._loads()
        if worker.node not in loads:
            return False
        room = {node: (load + 1) / self._processors[node] for node, load in loads.items()}
        return min(room.values()) < loads[worker.node] / self._processors[worker.node]

    async def close(self) -> None:
        """Leave Ray; a cluster of its own ends with it."""
        self._closing.set()
        if self._watching is not None:
            await asyncio.to_thread(self._watching.join)
        if ray.is_initialized():
            await asyncio.to_thread(ray.shutdown)
        if self._head is not None:
            await asyncio.to_thread(end_head, self._head)

    def _placed(self) -> RayWorker:
        """Begin a worker on the node that has most room; on any other, should that one be lost meanwhile."""
        if self._gone.is_set():
            raise PlanningFailed("the Ray cluster is gone; start it again, and ask what was not answered anew")
        loads = self._loads()
        if not loads:
            raise PlanningFailed(
                "no node of the Ray cluster offers a processor; add one, or start nodes with --num-cpus"
            )
        node = min(loads, key=lambda node: ((loads[node] + 1) / self._processors[node], node))
        decorate: Any = ray.remote  # its stubs do not know classes that are made elsewhere
        actor = decorate(LineWorker).options(
            num_cpus=_PLACE_CPUS,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=True),
            max_restarts=0,
            max_task_retries=0,
        )
        worker = RayWorker(actor.remote(self._factory), node, self._gone)
        self._workers.append(worker)
        return worker

    def _loads(self) -> dict[str, int]:
        """Return how many living workers each node has that offers processors."""
        self._workers = [worker for worker in self._workers if worker.alive]
        nodes = [worker.node for worker in self._workers]
        return {node: nodes.count(node) for node in list(self._processors)}

    def _connect(self) -> None:
        for _ in range(_STARTS if self._address is None else 0):
            self._head = spawn_head()
            self._address = self._head.stdout.readline().strip() if self._head.stdout is not None else ""
            if self._address:
                break
            end_head(self._head)
        if not self._address:
            raise RayNotStarted("Ray did not start on this machine; its logs are in the folder ray of the temp folder")
        probe(self._address)
        ray.init(address=self._address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
        self._processors = _processors()

    def _watch(self) -> None:
        """Note which nodes there are, and once nobody listens at the head: Ray would wait, and end this process."""
        while not self._closing.wait(_WATCH_SECONDS):
            try:
                probe(str(self._address))
                self._processors = _processors()
            except RayError:
                self._gone.set()
                ray.shutdown()
                return


def _processors() -> dict[str, float]:
    """Return the processors of each living node that offers any."""
    nodes: Any = ray.nodes  # it has no types
    living = [node for node in nodes() if node["Alive"]]
    offered = {str(node["NodeID"]): float(node["Resources"].get("CPU", 0.0)) for node in living}
    return {node: processors for node, processors in offered.items() if processors >= 1.0}

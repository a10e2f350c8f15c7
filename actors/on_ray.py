"""Agents on Ray: hosts hold many agents each, one actor holds the coordinator, and nothing else names Ray.

Hosts outlive plans. A round is one message per host; a host that died is restarted by Ray, told again which agents it
holds and what the segments' totals are, and asked again. Every agent answers from its inputs alone, so neither the
number of hosts nor a restart changes a plan.
"""

from __future__ import annotations

import asyncio
import math
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError, RayTaskError

from actors.actor_answers import POLL_SECONDS, SILENT_SECONDS, ClusterLost, answered, future
from actors.agent_host import AgentHost
from actors.coordinator_host import CoordinatorHost
from actors.hosted_network import RETRIES, HostedNetwork, HostLost
from actors.lost_runs import STARTING, LostRuns, RunLost
from actors.quoting_host import QuotingHost
from actors.ray_head import end_head, spawn_head
from actors.recovery import Turn
from actors.refusal import Refusal
from actors.settings import AgentSettings, Patience
from planner.domain.errors import ConcordatError, QuoteFailed
from planner.ports.agent_hosts import HostState
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, Progress
from planner.ports.quoting import NewOrder, Quote

if TYPE_CHECKING:  # the gateway loads this module, but runs nothing
    from actors.run_diary import RunSteps
    from actors.solver_logs import RunLogs

NAMESPACE = "concordat"
_WATCH_SECONDS, _TOLD_SECONDS = 1.0, 0.1
_PAUSE_SECONDS = 0.5
_STAND_SECONDS = 240.0
"""How long a new process of a coordinator may take to stand: a machine that does other things starts it slowly."""
_RETURN_SECONDS = 300.0
"""How long a coordinator or a cluster that stood before is waited for."""
_MOST_PENDING = 64
_PROBE_SECONDS = 5.0
_ALIVE_SECONDS = 2.0
_STARTS = 3
"""How often a cluster of our own is started before that counts as failed."""
_OBJECT_STORE_BYTES = 300 * 1024 * 1024
_PLACE_CPUS = 0.01
"""What an actor asks for: next to nothing, but a node that offers no CPUs, beside a door or a head, gets no agents."""


class RayNotStarted(RayError):
    """A cluster of our own did not start."""


class RayHosts:
    """Hosts of agents that are actors of Ray; see :class:`actors.hosted_network.Hosts`."""

    def __init__(self, actors: list[Any]) -> None:
        self._actors = {_host_name(place): actor for place, actor in enumerate(actors)}

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        return tuple(self._actors)

    def call(self, host: str, method: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of a host."""
        return getattr(self._actors[host], method).remote(*arguments, **named)

    def ready(self, call: Any, seconds: float) -> bool:
        """Wait for so many seconds; tells whether a call is over."""
        return bool(ray.wait([call], timeout=seconds)[0])

    def answer(self, call: Any, seconds: float | None = None) -> Any:
        """Return the answer to a call; raises HostLost, TimeoutError, and what the host itself raised on purpose."""
        try:
            return ray.get(call, timeout=seconds)
        except (ActorDiedError, ActorUnavailableError, LookupError) as error:
            raise HostLost(f"{type(error).__name__}: {str(error).splitlines()[0]}") from error
        except RayTaskError as error:
            # Ray's own error tells where it happened in many lines, the business' tells cause and cure in one.
            if isinstance(error.cause, ConcordatError):
                raise error.cause from error
            raise

    def kill(self, host: str) -> None:
        """End the process of a host; Ray begins another one."""
        ray.kill(self._actors[host], no_restart=False)


class RayNetwork(HostedNetwork):
    """The coordinator's way to agents on hosts that are actors of Ray."""

    def __init__(
        self,
        turn: Turn,
        hosts: list[Any],
        scenario_folder: str,
        names: tuple[str, ...],
        *,
        steps: RunSteps,
        logs: RunLogs | None = None,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(turn, RayHosts(hosts), scenario_folder, names, steps=steps, logs=logs, patience=patience)

    @staticmethod
    def stop(hosts: list[Any], turn: str) -> None:
        """End what agents on these hosts solve in this turn."""
        for host in hosts:
            with suppress(RayError):  # one that is dead solves nothing
                host.stop.remote(turn)


def _host_name(place: int) -> str:
    return f"agents-{place}"


class RayRuntime:
    """Plans with agents on Ray; see :class:`planner.ports.planning_runtime.PlanningRuntime`.

    It joins a running cluster at ``address``, or starts one of its own: in a process of its own, since Ray forks as it
    starts, which a process that serves gRPC does not survive. Cluster and hosts start while requests are taken, so that
    a later one finds them ready.

    A run whose coordinator or cluster was lost is begun again. Ray itself would wait for a head that is gone and end
    this process after a minute: so a thread watches the head, leaves a cluster that is lost, and goes to its successor.
    """

    def __init__(self, settings: AgentSettings, *, address: str | None = None) -> None:
        self._settings, self._joined, self._address = settings, address, address
        self._head = None if address else spawn_head()
        self._hosts: list[Any] = []
        self._coordinator: Any = None
        self._quoting: Any = None
        self._starting = threading.Lock()
        self._closing, self._gone = threading.Event(), threading.Event()
        self._stood = False
        self._lost = LostRuns()
        self._waking = threading.Thread(target=self._wake, name="starting agents", daemon=True)
        self._waking.start()
        self._questions = asyncio.Semaphore(_MOST_PENDING // 2)
        self._acceptances = asyncio.Semaphore(_MOST_PENDING // 4)
        self._alive: dict[str, asyncio.Future[bool]] = {}

    async def plan(
        self, run: str, scenario_folder: str, plan_folder: str, parameters: PlanningParameters
    ) -> AsyncIterator[Progress | PlanningResult]:
        """Plan with the agents of a scenario; what Ray cannot do is told as a failed result."""
        asked = time.monotonic()

        def attempt(again: PlanningParameters) -> AsyncGenerator[Progress | PlanningResult]:
            return self._attempt(run, (scenario_folder, plan_folder, asked), again)

        async for event in self._lost.plan(run, parameters, attempt):
            yield event

    async def _attempt(
        self, run: str, order: tuple[str, str, float], parameters: PlanningParameters
    ) -> AsyncGenerator[Progress | PlanningResult]:
        """Plan once; ``order`` is scenario folder, plan folder, and when the run was asked for."""
        scenario_folder, plan_folder, asked = order
        yield Progress(seconds=time.monotonic() - asked, phase=STARTING)
        answer: asyncio.Future[Any] | None = None
        try:
            # The coordinator answers once its process stands: until then the run's own clock would not tick.
            coordinator = await self._standing(parameters.hosts)
            # A run of this name that was begun by a server which was killed would keep the coordinator busy.
            await self._ask(coordinator.cancel.remote(run))
            told = (scenario_folder, plan_folder, parameters, time.monotonic() - asked)
            answer = future(coordinator.plan.remote(run, told, self._hosts[: parameters.hosts]))
            while not answer.done():
                await asyncio.wait({answer}, timeout=_TOLD_SECONDS)
                for progress in await self._ask(coordinator.progress.remote(run)):
                    yield progress
            result: PlanningResult = answer.result()
            yield result
        except ClusterLost as error:
            raise RunLost("cluster", str(error)) from error
        except (RayError, ConnectionError) as error:
            if isinstance(error, ActorDiedError | ActorUnavailableError) and not isinstance(error, RayTaskError):
                raise RunLost("coordinator", "the coordinator's process ended") from error
            detail = f"Ray could not finish the run: {type(error).__name__}: {str(error).splitlines()[0]}"
            yield PlanningResult(outcome=Outcome.FAILED, stopped_by="error", detail=detail)
        finally:
            if answer is not None and not answer.cancel():
                answer.exception()  # or the event loop complains that nobody looked at it
            elif answer is not None and not self._gone.is_set():
                with suppress(RayError):
                    coordinator.cancel.remote(run)  # nobody waits for it any more

    async def _standing(self, hosts: int) -> Any:
        """Return the coordinator once it and so many hosts stand; what stood before is waited for, if need be."""
        until = time.monotonic() + _RETURN_SECONDS
        while True:
            try:
                await asyncio.to_thread(self._start, hosts)
                coordinator = self._coordinator
                await self._ask(coordinator.alive.remote(), _STAND_SECONDS)
            except (RayError, ConnectionError):
                if not self._stood or time.monotonic() > until:
                    raise
            else:
                self._stood = True
                return coordinator
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, reference: Any, seconds: float = SILENT_SECONDS) -> Any:
        return await answered(reference, self._gone, seconds=seconds)

    async def cancel(self, run: str) -> None:
        """Stop a run soon, keeping its best plan."""
        if self._coordinator is not None:
            with suppress(RayError, ClusterLost):
                await self._ask(self._coordinator.cancel.remote(run))

    async def accept(self, run: str, incumbent: str) -> bool:
        """End a run soon with exactly this incumbent; see the port."""
        if self._coordinator is None:
            return False
        try:
            # What waits for the coordinator is bounded, and a run that asks it for progress must find room.
            async with self._acceptances:
                accepted: bool = await self._ask(self._coordinator.accept.remote(run, incumbent))
        except (RayError, ClusterLost):
            return False  # a coordinator that died runs nothing any more
        if accepted:
            self._lost.note_accepted(run, incumbent)
        return accepted

    async def quote(self, scenario_folder: str, plan_folder: str, order: NewOrder) -> Quote:
        """Return what an order would mean for a plan; see the port."""
        try:
            answer = await self._asked(scenario_folder, plan_folder, order)
        except (RayError, ConnectionError) as error:
            raise QuoteFailed(f"Ray could not answer: {type(error).__name__}: {str(error).splitlines()[0]}") from error
        if isinstance(answer, Refusal):
            raise answer.error()
        return answer

    async def _asked(self, scenario_folder: str, plan_folder: str, order: NewOrder) -> Quote | Refusal:
        """Ask the quoting actor; a question changes nothing, so it is asked again if the actor died over it."""
        async with self._questions:
            for attempt in range(RETRIES):
                try:
                    await asyncio.to_thread(self._start_quoting)
                    answer = await self._put(self._quoting, (scenario_folder, plan_folder, order))
                except (ActorDiedError, ActorUnavailableError, ClusterLost):
                    if attempt == RETRIES - 1:
                        raise
                    await asyncio.sleep(0.5 * 2**attempt)
                else:
                    return answer
        raise RuntimeError("unreachable: the last attempt returns or raises")

    async def _put(self, quoting: Any, about: tuple[str, str, NewOrder]) -> Quote | Refusal:
        """Put one question to the actor; who stops waiting for the answer withdraws it."""
        question = secrets.token_hex(8)
        asked = quoting.quote.remote(*about, question=question)
        try:
            answer: Quote | Refusal = await self._ask(asked, math.inf)
        except asyncio.CancelledError:
            with suppress(RayError):  # an actor that is gone solves nothing
                quoting.withdraw.remote(question)
            raise
        return answer

    async def hosts(self, only: str = "") -> tuple[HostState, ...]:
        """Ask the coordinator and every host that was started whether it answers; see the port."""
        known = {_host_name(place): host for place, host in enumerate(list(self._hosts))}
        if self._coordinator is not None:
            known["coordinator"] = self._coordinator
        known = {name: actor for name, actor in known.items() if only in ("", name)}
        answers = await asyncio.gather(*(self._answers(name, actor) for name, actor in known.items()))
        return tuple(HostState(name, answer) for name, answer in zip(known, answers, strict=True))

    async def _answers(self, name: str, actor: Any) -> bool:
        """Ask a host whether it answers; who asks meanwhile shares the question, so that many leave room for runs."""
        asked = self._alive.get(name)
        if asked is None or asked.done():
            asked = self._alive[name] = asyncio.ensure_future(_answers(actor))
        return await asyncio.shield(asked)

    async def close(self) -> None:
        """Leave Ray; a cluster this process started ends with it."""
        self._closing.set()
        await asyncio.to_thread(self._waking.join)
        if ray.is_initialized():
            await asyncio.to_thread(ray.shutdown)
        self._hosts, self._coordinator, self._quoting = [], None, None
        if self._head is not None:
            await asyncio.to_thread(end_head, self._head)

    def _wake(self) -> None:
        """Start everything, and again after each loss, until this runtime is closed."""
        while not self._closing.is_set():
            # What stands in the way now is told to whoever asks first, if it still does.
            with suppress(Exception):
                self._start(PlanningParameters().hosts)
            while not self._closing.wait(_WATCH_SECONDS) and not self._is_gone():
                pass
            if not self._closing.is_set():
                self._leave()

    def _is_gone(self) -> bool:
        """Tell whether the cluster was lost: its own head ended, or nobody listens at the address that was joined."""
        if self._gone.is_set():
            return True
        if self._head is not None:
            return self._head.poll() is not None
        if ray.is_initialized() and self._joined:
            with suppress(RayNotStarted):
                probe(self._joined)
                return False
            return True
        return False

    def _leave(self) -> None:
        """Leave a cluster that is lost, and start another one where it was our own."""
        self._gone.set()
        with self._starting:
            time.sleep(2 * POLL_SECONDS)  # by then whoever asked has noticed
            if ray.is_initialized():
                ray.shutdown()
            self._hosts, self._coordinator, self._quoting = [], None, None
            if self._head is not None:
                end_head(self._head)
                self._head, self._address = spawn_head(), None
            self._gone.clear()

    def _start(self, count: int) -> None:
        with self._starting:
            if not ray.is_initialized():
                self._connect()
            if self._coordinator is None:
                self._coordinator = _actor(CoordinatorHost, "coordinator", self._settings, RayNetwork)
            # By their names each time: in the place of one that ended for good another one is started.
            names = [_host_name(place) for place in range(max(count, len(self._hosts)))]
            self._hosts = [_actor(AgentHost, name, self._settings, name) for name in names]

    def _start_quoting(self) -> None:
        with self._starting:
            if not ray.is_initialized():
                self._connect()
            if self._quoting is None:
                self._quoting = _actor(QuotingHost, "quotes", self._settings)

    def _connect(self) -> None:
        for attempt in range(_STARTS if self._head is not None and not self._address else 0):
            if attempt:
                self._start_again()
            self._address = self._told_address()
            if self._closing.is_set():
                raise RayNotStarted("this runtime is being closed; start the server again")
            if self._address:
                break
        if not self._address:
            raise RayNotStarted("Ray did not start on this machine; its logs are in the folder ray of the temp folder")
        probe(self._address)
        ray.init(address=self._address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)

    def _told_address(self) -> str:
        """Return the address that our own cluster tells once it stands, nothing if its start failed."""
        out = None if self._head is None else self._head.stdout
        return "" if out is None else out.readline().strip()

    def _start_again(self) -> None:
        # Under load one of Ray's own processes may take longer than the 15 s that Ray waits for it, whatever is set.
        if self._head is not None:
            end_head(self._head)
        self._head = spawn_head()


async def _answers(actor: Any) -> bool:
    try:
        return bool(await asyncio.wait_for(actor.alive.remote(), _ALIVE_SECONDS))
    except (RayError, TimeoutError):
        return False


def probe(address: str) -> None:
    """Raise at once where nobody listens, since Ray itself waits for long."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_PROBE_SECONDS).close()
    except (OSError, ValueError) as error:
        raise RayNotStarted(
            f"no Ray cluster answers at {address} ({error}); start one there or name another"
        ) from error


def head_main() -> None:
    """Start Ray on this machine, print its address, and end it with the end of standard input."""
    # A loaded machine needs longer than Ray's own patience to start its first process.
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "150")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    context: Any = ray.init(
        address="local",
        namespace=NAMESPACE,
        include_dashboard=False,
        object_store_memory=_OBJECT_STORE_BYTES,
        log_to_driver=False,
        configure_logging=False,
        _node_ip_address="127.0.0.1",
    )
    sys.stdout.write(f"{context.address_info['gcs_address']}\n")
    sys.stdout.flush()
    sys.stdin.read()
    ray.shutdown()


def _actor(kind: type, name: str, *settings: object) -> Any:
    """Start a host actor, or find the one that already lives."""
    options: dict[str, Any] = {
        "name": name,
        "namespace": NAMESPACE,
        "get_if_exists": True,
        "lifetime": "detached",
        "num_cpus": _PLACE_CPUS,
        "scheduling_strategy": "SPREAD",
        "max_restarts": -1,
        "max_task_retries": 0,
        "max_pending_calls": _MOST_PENDING,
    }
    decorate: Any = ray.remote  # its stubs do not know concurrency groups
    wrapped = decorate(concurrency_groups={"solve": 1, "control": 2})(_grouped(kind))
    return wrapped.options(**options).remote(*settings)


def _grouped(kind: type) -> type:
    """Return the class with its quick methods in the control group and the others in the solve group."""
    groups = dict.fromkeys(("progress", "cancel", "accept", "alive", "stop", "withdraw"), "control")
    groups |= dict.fromkeys(("plan", "handle", "install", "end", "quote"), "solve")
    methods = {
        name: ray.method(concurrency_group=group)(vars(kind)[name])
        for name, group in groups.items()
        if name in vars(kind)
    }
    return type(kind.__name__, (kind,), {**methods, "__module__": kind.__module__})


if __name__ == "__main__":
    head_main()

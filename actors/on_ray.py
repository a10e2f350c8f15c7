"""Agents on Ray: hosts hold many agents each, one actor holds the coordinator, and nothing else names Ray.

Hosts outlive plans. A round is one message per host; a host that died is restarted by Ray, told again which agents it
holds and what the segments' totals are, and asked again. Every agent answers from its inputs alone, so neither the
number of hosts nor a restart changes a plan.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError, RayTaskError

from actors.actor_answers import POLL_SECONDS, SILENT_SECONDS, ClusterLost, answered, future
from actors.agent_host import AgentHost
from actors.coordinator_host import CoordinatorHost
from actors.lost_runs import STARTING, LostRuns, RunLost
from actors.protocol import Formulate, Message, Reply
from actors.quoting_host import QuotingHost
from actors.ray_head import end_head, spawn_head
from actors.recovery import Turn
from actors.refusal import Refusal
from actors.settings import AgentSettings, Patience
from planner.domain.errors import QuoteFailed
from planner.ports.agent_hosts import HostState
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, Progress
from planner.ports.quoting import NewOrder, Quote
from planner.ports.run_steps import RunStep, StepKind

if TYPE_CHECKING:  # the gateway loads this module, but runs nothing
    from actors.run_diary import RunSteps
    from actors.solver_logs import RunLogs

NAMESPACE = "concordat"
_WATCH_SECONDS = 1.0
_PAUSE_SECONDS = 0.5
_RETURN_SECONDS = 300.0
"""How long a coordinator or a cluster that stood before is waited for."""
_RETRIES = 6
_LATE = 2
"""How often a host may be silent, or take too long, before its agents count as having no answer in a round."""
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


_LOST = (ActorDiedError, ActorUnavailableError, LookupError)
"""What a call to a host raises whose process ended, or stands again and was not told yet what it holds."""


class RayNetwork:
    """The coordinator's way to agents on hosts; see :class:`actors.protocol.AgentNetwork`.

    ``steps`` are told how long agents took, and which hosts had to be brought back. Solvers tell to ``logs``, if
    anywhere.
    """

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
        self._turn, self._hosts, self._folder = turn, hosts, scenario_folder
        self._names, self._steps, self._logs, self._patience = names, steps, logs, patience or Patience()
        self._place = {name: i % len(hosts) for i, name in enumerate(names)}
        self._formulate: Formulate | None = None
        ray.get([self._install(place) for place in range(len(hosts))])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all agents."""
        return self._names

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver a round, one message per host."""
        for message in messages.values():
            if isinstance(message, Formulate):
                self._formulate = message
        batches: dict[int, dict[str, Message]] = {}
        for name, message in messages.items():
            batches.setdefault(self._place[name], {})[name] = message
        began = self._steps.now()
        pending = {place: self._hosts[place].handle.remote(batch) for place, batch in batches.items()}
        found: dict[str, Reply] = {}
        for place, answer in pending.items():
            replies, seconds = self._collect(place, answer, batches[place])
            found.update(replies)
            self._steps.add_answers(began, seconds)
        return {name: found[name] for name in messages if name in found}

    def end(self, planned: bool) -> None:  # noqa: FBT001 - a callback that is told one thing
        """Have every host note how this turn ended.

        A host that died since its last answer notes nothing: its agents stand as they stood, which the next turn ends.

        Raises
        ------
        EpochFenced
            If another host took over one of the agents: what they answered must not count.
        """
        for ended in [host.end.remote(self._turn.id, planned=planned) for host in self._hosts]:
            with suppress(ActorDiedError, ActorUnavailableError):
                ray.get(ended)

    @staticmethod
    def stop(hosts: list[Any], turn: str) -> None:
        """End what agents on these hosts solve in this turn."""
        for host in hosts:
            with suppress(RayError):  # one that is dead solves nothing
                host.stop.remote(turn)

    def _install(self, place: int) -> Any:
        names = tuple(name for name in self._names if self._place[name] == place)
        return self._hosts[place].install.remote(self._folder, names, self._turn, logs=self._logs)

    def renew(self, names: Sequence[str]) -> None:
        """Begin the hosts of these agents anew; see :class:`actors.checked_replies.RenewableNetwork`."""
        for place in sorted({self._place[name] for name in names}):
            with self._steps.timing(StepKind.RESTART, f"agents-{place}"):
                ray.kill(self._hosts[place], no_restart=False)
                self._stand(place)

    def _collect(self, place: int, answer: Any, batch: dict[str, Message]) -> tuple[dict[str, Reply], dict[str, float]]:
        """Return the answers of a host, which is brought back if it died or fell silent; none if it is so each time."""
        late = lost = 0
        while late < _LATE:
            try:
                return self._awaited(place, answer)
            except _LOST:
                noticed, lost = self._steps.now(), lost + 1
                if lost == _RETRIES:
                    raise
            except TimeoutError:
                noticed, late = self._steps.now(), late + 1
                ray.kill(self._hosts[place], no_restart=False)
            self._stand(place)
            self._steps.add(
                RunStep(kind=StepKind.RESTART, what=f"agents-{place}", began=noticed, ended=self._steps.now())
            )
            answer = self._hosts[place].handle.remote(batch)
        return {}, {}

    def _awaited(self, place: int, answer: Any) -> tuple[dict[str, Reply], dict[str, float]]:
        """Return the answers of a host that works; raises TimeoutError where it is silent or takes too long."""
        until = time.monotonic() + self._patience.round_seconds
        while not ray.wait([answer], timeout=self._patience.beat_seconds)[0]:
            # In the middle of a round too a host answers at once that it is there.
            ray.get(self._hosts[place].alive.remote(), timeout=self._patience.silent_seconds)
            if time.monotonic() > until:
                raise TimeoutError(f"the agents of host {place} took longer than a round may take")
        replies: tuple[dict[str, Reply], dict[str, float]] = ray.get(answer)
        return replies

    def _stand(self, place: int) -> None:
        """Bring a host back, as often as it dies over it."""
        for attempt in range(_RETRIES):
            try:
                return self._bring_back(place)
            except _LOST:
                if attempt == _RETRIES - 1:
                    raise
                time.sleep(0.25 * 2**attempt)
        return None

    def _bring_back(self, place: int) -> None:
        ray.get(self._install(place))
        if self._formulate is not None:
            again = {name: self._formulate for name in self._names if self._place[name] == place}
            ray.get(self._hosts[place].handle.remote(again))


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
                await asyncio.wait({answer}, timeout=POLL_SECONDS)
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
                await self._ask(coordinator.alive.remote())
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
            for attempt in range(_RETRIES):
                try:
                    await asyncio.to_thread(self._start_quoting)
                    asked = self._quoting.quote.remote(scenario_folder, plan_folder, order)
                    answer: Quote | Refusal = await self._ask(asked, math.inf)
                except (ActorDiedError, ActorUnavailableError, ClusterLost):
                    if attempt == _RETRIES - 1:
                        raise
                    await asyncio.sleep(0.5 * 2**attempt)
                else:
                    return answer
        raise RuntimeError("unreachable: the last attempt returns or raises")

    async def hosts(self, only: str = "") -> tuple[HostState, ...]:
        """Ask the coordinator and every host that was started whether it answers; see the port."""
        known = {f"agents-{place}": host for place, host in enumerate(list(self._hosts))}
        if self._coordinator is not None:
            known["coordinator"] = self._coordinator
        known = {name: actor for name, actor in known.items() if only in ("", name)}
        answers = await asyncio.gather(*(_answers(actor) for actor in known.values()))
        return tuple(HostState(name, answer) for name, answer in zip(known, answers, strict=True))

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
                _probe(self._joined)
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
            while len(self._hosts) < count:
                self._hosts.append(_actor(AgentHost, f"agents-{len(self._hosts)}", self._settings))

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
        _probe(self._address)
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


def _probe(address: str) -> None:
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
    groups = dict.fromkeys(("progress", "cancel", "accept", "alive", "stop"), "control")
    groups |= dict.fromkeys(("plan", "handle", "install", "end", "quote"), "solve")
    methods = {
        name: ray.method(concurrency_group=group)(vars(kind)[name])
        for name, group in groups.items()
        if name in vars(kind)
    }
    return type(kind.__name__, (kind,), {**methods, "__module__": kind.__module__})


if __name__ == "__main__":
    head_main()

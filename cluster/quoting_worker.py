"""The worker that answers quotes for the local runtime: one process that keeps plans ready until its input ends.

Every line of standard input is a question or withdraws one, and every line of what was its standard output an answer,
also to what was withdrawn: all JSON, and in the order of the questions. Whatever a library prints goes to standard
error. When the input ends nobody waits any more: what is asked then is withdrawn.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from queue import SimpleQueue
from typing import Any

from actors.quoting_desk import QuotingDesk
from actors.refusal import Refusal
from actors.settings import AgentSettings
from cluster.worker_lines import log_like_the_server, take_standard_output, write_line
from planner.ports.quoting import NewOrder


def main() -> None:
    """Answer until standard input ends; its first line holds the settings of agents."""
    log_like_the_server()
    told = take_standard_output()
    desk = QuotingDesk(AgentSettings(**json.loads(sys.stdin.readline())))
    questions: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
    listening = threading.Thread(target=_listen, args=(desk, questions), daemon=True, name="listening")
    listening.start()
    for question in iter(questions.get, None):
        write_line(told, _answer(desk, question))
    # What ended it, if it was an error, is told before this process is gone.
    listening.join()


def _listen(desk: QuotingDesk, questions: SimpleQueue[dict[str, Any] | None]) -> None:
    """Pass questions on, and withdraw them while others are being answered."""
    asked = ""
    try:
        for line in sys.stdin:
            told = json.loads(line)
            if "withdraw" in told:
                desk.withdraw(told["withdraw"])
            else:
                asked = told["question"]
                questions.put(told)
    finally:
        desk.withdraw(asked)
        questions.put(None)


def _answer(desk: QuotingDesk, told: dict[str, Any]) -> dict[str, object]:
    order = NewOrder(**told["order"])
    answer = desk.quote(told["scenario_folder"], told["plan_folder"], order, question=told["question"])
    return {"refusal" if isinstance(answer, Refusal) else "quote": asdict(answer)}


if __name__ == "__main__":
    main()

"""The worker that answers quotes for the local runtime: one process that keeps plans ready until its input ends.

Every line of standard input is a question and every line of what was its standard output an answer, both JSON and in
the same order; whatever a library prints goes to standard error.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
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
    for line in sys.stdin:
        write_line(told, _answer(desk, json.loads(line)))


def _answer(desk: QuotingDesk, question: dict[str, Any]) -> dict[str, object]:
    answer = desk.quote(question["scenario_folder"], question["plan_folder"], NewOrder(**question["order"]))
    return {"refusal" if isinstance(answer, Refusal) else "quote": asdict(answer)}


if __name__ == "__main__":
    main()

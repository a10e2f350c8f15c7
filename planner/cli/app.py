"""The command line: every command by name, every error as one message."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from planner.cli import (
    agents_commands,
    audit_commands,
    explain_command,
    folder_commands,
    freeze_command,
    log_command,
    planning_commands,
    quote_command,
    replay_command,
    serve_command,
    settings_command,
    status_command,
    what_if_commands,
)
from planner.cli.exit_codes import DONE, FAILED, INTERRUPTED, exit_code
from planner.cli.launchers import Launchers
from planner.domain.errors import ConcordatError

HELP = """Plans supply, orders, subscriptions and rewards under contract clauses.

Exit codes: 0 done, 1 verify, validate, replay or audit found something, 2 wrong input, 3 no plan can exist,
4 no plan yet, 5 server, disk or planning failed, 130 interrupted. CONCORDAT_DEBUG=1 shows the traceback of an error.
"""

app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - called by typer with the option's value
    if wanted:
        typer.echo(f"concordat {version('concordat')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take the options that stand before any command."""


planning_commands.register(app)
folder_commands.register(app)
replay_command.register(app)
quote_command.register(app)
freeze_command.register(app)
log_command.register(app)
explain_command.register(app)
serve_command.register(app)
settings_command.register(app)
status_command.register(app)
audit_commands.register(app)
what_if_commands.register(app)
agents_commands.register(app)


def run(launchers: Launchers, arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    if threading.current_thread() is threading.main_thread():
        # As Ctrl-C does: what a command started is ended with it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app(args=None if arguments is None else list(arguments), prog_name="concordat", obj=launchers)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted")
        return INTERRUPTED
    except ConcordatError as error:
        _tell(error, str(error))
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 - the outermost border: people get a message, not a traceback
        _tell(error, f"unexpected {type(error).__name__}: {error}; set CONCORDAT_DEBUG=1 to see where, and report it")
        return FAILED
    return DONE


def _tell(error: Exception, message: str) -> None:
    console = Console(stderr=True)
    console.print(f"error: {message}", markup=False, highlight=False, soft_wrap=True)
    if os.environ.get("CONCORDAT_DEBUG"):
        sys.excepthook(type(error), error, error.__traceback__)

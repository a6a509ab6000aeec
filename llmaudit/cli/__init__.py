"""The command line: the only code that prints or chooses an exit code. Heavy imports are inside the commands.

One module per command; a module of this package that defines `register` adds its commands.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from io import TextIOWrapper
from pkgutil import iter_modules
from types import FrameType

import typer

from llmaudit.cli.options import Ended, remember_global_options
from llmaudit.errors import Exit

_FIRST_WEEK = """\b
A first week with it:
  1 llmaudit ingest logs/               last month, tagged by complexity
    llmaudit report --out report.html   where the money goes
  2 llmaudit markup page pricing.html   what a gateway says it adds
    llmaudit markup                     what it really adds
  3 llmaudit shadow design --share 0.1  plan a test of a cheaper model
    llmaudit shadow analyze pairs.jsonl did quality hold up?
Without files of your own: llmaudit demo --out report.html
"""

app = typer.Typer(
    name="llmaudit",
    epilog=_FIRST_WEEK,
    help="Offline cost audit of LLM request logs: where the money goes, and what it would have cost otherwise.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.callback()(remember_global_options)
for _module in sorted(module.name for module in iter_modules(__path__)):
    _imported = import_module(f"{__name__}.{_module}")
    if hasattr(_imported, "register"):
        _imported.register(app)


def main() -> None:
    """Run the command line and end with one of the exit codes of `llmaudit.errors.Exit`."""
    terminated = []

    def end(_: int, __: FrameType | None) -> None:
        """End on SIGTERM as an exception, so that open transactions roll back and temporary folders go."""
        terminated.append(True)
        raise Ended(Exit.TERMINATED)

    signal.signal(signal.SIGTERM, end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # or a name the locale cannot write would end the program
    os.umask(0o077)  # a database and what DuckDB puts beside it are for their owner; reports are opened up when written
    try:
        app()
    except Ended as ended:
        sys.exit(ended.code)
    except (KeyboardInterrupt, SystemExit) as error:
        if terminated:  # a query of DuckDB that a signal ends says that it was interrupted, whatever the handler raised
            sys.exit(Exit.TERMINATED)
        sys.exit(Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else error.code)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone (`| head`); nothing can be said to it
        sys.exit(Exit.DONE)

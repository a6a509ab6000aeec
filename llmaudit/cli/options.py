"""The options that every command has, and the only place where errors become messages and exit codes."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from llmaudit.cli.output import forget_reader
from llmaudit.errors import Exit, LlmauditError, StorageFailedError, UsageError, printable
from llmaudit.settings import Settings, load_settings

NO_SPACE = 28
Choice = TypeVar("Choice", bound=str)

_COMMON: dict[str, Any] = {
    "db": Annotated[str | None, typer.Option("--db", help="Database file.", show_default=False)],
    "catalog": Annotated[
        list[str] | None,
        typer.Option("--catalog", help="Catalog file or folder added to the packaged one; repeatable."),
    ],
    "deployments": Annotated[
        str | None, typer.Option("--deployments", help="YAML file: the model behind each deployment.")
    ],
    "known_at": Annotated[
        str | None,
        typer.Option("--known-at", help="Use only prices the catalog held on this day, such as 2026-10-31."),
    ],
    "since": Annotated[str | None, typer.Option("--since", help="Start of the period, inclusive.")],
    "until": Annotated[str | None, typer.Option("--until", help="End of the period, exclusive.")],
    "month": Annotated[str | None, typer.Option("--month", help="A whole month, such as 2026-10.")],
    "timezone": Annotated[
        str | None, typer.Option("--timezone", "-z", help="Time zone of dates without one (default UTC).")
    ],
    "json": Annotated[bool, typer.Option("--json", "-j", help="Print one JSON document.")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no warnings.")],
    "no_color": Annotated[bool, typer.Option("--no-color", help="No colours.")],
    "debug": Annotated[bool, typer.Option("--debug", help="Show tracebacks.")],
}
_FLAGS = {"json", "quiet", "no_color", "debug"}


AssumeTime = Annotated[
    str | None,
    typer.Option(
        "--assume-time",
        help="The time of requests whose log has none: an instant, `file` (the file's date), or `none` (no price).",
    ),
]
"""An option of commands that read logs: the time of records without one."""


GatewayName = Annotated[
    str | None,
    typer.Option(
        "--gateway",
        help="The gateway of requests whose log names none (`none`: there was none).",
    ),
]
"""An option of commands that read logs: the gateway of requests whose log names none."""


class Ended(Exception):  # noqa: N818 -- the end of the program, not an error in it
    """The program ends with this exit code; everything has been said."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = int(code)


def chosen(flag: str, value: str, choices: Sequence[Choice]) -> Choice:
    """Return the choice that the text of a flag names.

    Raises:
        UsageError: It names none of them.
    """
    for one in choices:
        if one == value:
            return one
    raise UsageError(
        f"{flag} {printable(value)} is not one of the choices",
        next_step=f"Use one of {', '.join(choices)}.",
        slug="no-such-choice",
    )


def _parameters(kind: Any) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(name, kind, default=False if name in _FLAGS else None, annotation=annotation)
        for name, annotation in _COMMON.items()
    ]


def remember_global_options(ctx: typer.Context, **flags: Any) -> None:
    """Keep common options that were given before the command's name."""
    ctx.obj = _given(flags)


remember_global_options.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *_parameters(inspect.Parameter.KEYWORD_ONLY),
    ]
)
remember_global_options.__annotations__ = {"ctx": typer.Context, **_COMMON}


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given; an empty text was, and is refused with the settings."""
    return {name: value for name, value in flags.items() if value not in (None, False, [])}


def command(app: typer.Typer, function: Callable[..., None], name: str, example: str) -> None:
    """Add a command: the function's own parameters and the common options, which reach it as `settings`.

    Args:
        app: Where to add it.
        function: Its first parameter is `settings: Settings`; its docstring is the help.
        name: The command's name.
        example: A command line that works, shown in the help.
    """
    app.command(name, epilog=f"Example: {example}")(_runner(function))


def group(app: typer.Typer, function: Callable[..., None], name: str, example: str) -> typer.Typer:
    """Add a command that has others under it: called by itself it runs, and its options are theirs as well.

    Args:
        app: Where to add it.
        function: As for `command`.
        name: The command's name.
        example: A command line that works, shown in the help.

    Returns:
        The group, for the commands under it.
    """
    inner = typer.Typer(rich_markup_mode=None)
    run = _runner(function, has_commands=True)
    inner.callback(invoke_without_command=True, epilog=f"Example: {example}")(run)
    app.add_typer(inner, name=name)
    return inner


def _runner(function: Callable[..., None], *, has_commands: bool = False) -> Callable[..., None]:
    """Return what typer calls: it turns the common options into `settings`, and errors into exit codes."""
    own = [p for p in inspect.signature(function, eval_str=True).parameters.values() if p.name != "settings"]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]

    def run(ctx: typer.Context, **given: Any) -> None:
        common = {name: given.pop(name) for name in _COMMON}
        flags = {**(ctx.obj or {}), **_given(common)}
        if has_commands and ctx.invoked_subcommand is not None:
            ctx.obj = flags
            return
        _guarded(function, flags, given)

    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [context, *keyword_only, *_parameters(inspect.Parameter.KEYWORD_ONLY)]
    )
    run.__annotations__ = {"ctx": typer.Context} | {p.name: p.annotation for p in own} | _COMMON
    run.__doc__ = inspect.getdoc(function)
    return run


def _guarded(function: Callable[..., None], flags: dict[str, Any], given: dict[str, Any]) -> None:
    """Run a command; turn its errors into a message on stderr and an exit code."""
    debug = bool(flags.get("debug"))
    try:
        settings: Settings = load_settings(flags)
        debug = bool(settings.values["debug"])
        function(settings=settings, **given)
    except (Ended, KeyboardInterrupt, typer.Exit):
        raise
    except BrokenPipeError:  # nobody reads the answer any more; typer would end with code 1
        forget_reader()
        raise Ended(Exit.DONE) from None
    except LlmauditError as error:
        _fail(error, debug=debug)
    except OSError as error:
        if error.errno == NO_SPACE:
            full = StorageFailedError(
                "the disk is full", next_step="Free some space and run the same command again.", slug="disk-full"
            )
            _fail(full, debug=debug)
        _crash(error, debug=debug)
    except Exception as error:  # noqa: BLE001 -- the last line of defence: a bug must not look like a result
        _crash(error, debug=debug)


def message(error: LlmauditError) -> str:
    """Return an error for a terminal: what, its slug (a heading of docs/errors.md), and the next step."""
    step = f"\n{error.next_step}" if error.next_step else ""
    return f"{error.what} [{error.slug}]{step}"


def _fail(error: LlmauditError, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"llmaudit: {message(error)}\n")
    raise Ended(error.exit_code)


def _crash(error: BaseException, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    sys.stderr.write(
        f"llmaudit: internal error: {type(error).__name__}: {error}\n"
        "This is a bug in llmaudit. Run again with --debug and report what it prints.\n"
    )
    raise Ended(Exit.FAILED)

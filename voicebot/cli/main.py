"""The entry point of the ``voicebot`` command.

Each other module of this package that has a function ``register(app)`` adds its command; it may also list the errors
it expects in ``EXPECTED_ERRORS`` (see ``failures``). A module named after its command is the only one imported when
that command is run; ``voicebot --help`` imports all, so what is heavy is imported where it is used.
"""

import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Annotated

import typer

import voicebot
import voicebot.cli
from voicebot.cli.failures import BUILT_IN, told
from voicebot.heap import share_arenas

INTERRUPTED = 130  # what shells report for a program ended by Ctrl-C


def command_modules(arguments: Sequence[str] = ()) -> list[ModuleType]:
    """Return the modules of ``voicebot.cli`` that have a ``register`` function, in the order of their names.

    When ``arguments`` start with a command that has a module of its name, that one alone is imported: a command starts
    in the time its own work needs, and fetching the models needs nothing of the engines that load them.
    """
    names = sorted(info.name for info in pkgutil.iter_modules(voicebot.cli.__path__) if info.name != "main")
    asked = arguments[0].replace("-", "_") if arguments else ""
    return (asked in names and _commands_of(asked)) or _commands_of(*names)


def _commands_of(*names: str) -> list[ModuleType]:
    modules = [importlib.import_module(f"voicebot.cli.{name}") for name in names]
    return [module for module in modules if hasattr(module, "register")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"voicebot {voicebot.__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """A telephone assistant for French public services, wholly offline."""


def build_app(modules: Sequence[ModuleType]) -> typer.Typer:
    """Return the command line made of the commands of ``modules``."""
    app = typer.Typer(
        name="voicebot",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for module in modules:
        module.register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that ``arguments`` (default: the program's own) name, then exit.

    Exit status: 0 done; 1 the work failed, with one line saying what and what to do; 2 wrong usage or configuration.
    """
    # read when numpy is loaded: its small products are done sooner by one thread; others would spin beside the calls
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    share_arenas()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    modules = command_modules(arguments)
    expected = dict(BUILT_IN)
    for module in modules:
        expected.update(getattr(module, "EXPECTED_ERRORS", {}))
    try:
        build_app(modules)(args=arguments, prog_name="voicebot")
    except tuple(expected) as error:
        for line in told(error).splitlines():
            print(f"voicebot: {line}", file=sys.stderr)  # noqa: T201 - the user's line, not a trace
        status = next(expected[kind] for kind in type(error).__mro__ if kind in expected)
        sys.exit(status)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

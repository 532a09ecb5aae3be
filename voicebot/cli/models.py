"""``voicebot models list|install|verify``: the speech models of this machine."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from voicebot.cli.failures import WORK_FAILED, WRONG_USAGE, ExpectedErrors, WorkFailed, WrongUsage
from voicebot.model_store import (
    FetchFailed,
    Installed,
    Installer,
    ManifestError,
    ModelError,
    ModelStatus,
    ModelStore,
    Purpose,
    State,
    UnknownModel,
    open_store,
)

EXPECTED_ERRORS: ExpectedErrors = {ModelError: WORK_FAILED, ManifestError: WRONG_USAGE, UnknownModel: WRONG_USAGE}

ConfigOption = Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration file.")]
FolderOption = Annotated[
    Path | None, typer.Option("--models", metavar="DIR", help="The models' folder (default: the configuration's).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", show_default=False)]

UNCUT_WIDTH = 120  # columns of a table that goes to a file or a pipe
STATE_STYLES = {State.INSTALLED: "green", State.UNVERIFIED: "yellow", State.DAMAGED: "red", State.MISSING: "dim"}


def register(app: typer.Typer) -> None:
    """Add the ``models`` commands to ``app``."""
    models = typer.Typer(no_args_is_help=True, help="List, install and verify the speech models.")
    models.command("list")(list_models)
    models.command("install")(install_models)
    models.command("verify")(verify_models)
    app.add_typer(models, name="models")


def list_models(
    config: ConfigOption = Path("config.toml"), models: FolderOption = None, as_json: JsonOption = False
) -> None:
    """Show every model of the manifest: what it is for, its licence, and whether it is installed."""
    store = _store(config, models)
    statuses = [store.status(model_id) for model_id in store.manifest.models]
    if as_json:
        _print_json(*(_status_document(status) for status in statuses))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "engine", "lang", "purpose", "state", "size", "licence"):
        table.add_column(heading, justify="right" if heading == "size" else "left", no_wrap=True)
    for status in statuses:
        model, state = status.model, status.state
        size = _megabytes(status.size or sum(file.size or 0 for file in status.files))
        style = STATE_STYLES[state]
        table.add_row(
            model.id, model.engine, model.language, model.purpose, f"[{style}]{state}[/]", size, model.licence
        )
    console = Console()
    console.print(table, width=None if console.is_terminal else UNCUT_WIDTH)
    for status in statuses:
        if status.problem:
            console.print(f"{status.model.id}: {status.problem}; run `voicebot models install {status.model.id}`")


def install_models(
    ids: IdsArgument = None,
    tests: Annotated[bool, typer.Option("--tests", help="Also the models that the tests need.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Fetch and replace what is installed already.")] = False,
    config: ConfigOption = Path("config.toml"),
    models: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch models and put them in place; without ID, the default French set as far as it can be had.

    With ``--tests`` every model must be had, because a test needs each of them.
    """
    store = _store(config, models)
    wanted = [store.manifest.model(model_id).id for model_id in ids or []]
    if tests:
        wanted += [model.id for model in store.manifest.of(Purpose.DEFAULT, Purpose.TEST) if model.id not in wanted]
    lenient = not wanted
    if lenient:
        wanted = [model.id for model in store.manifest.of(Purpose.DEFAULT)]
    failures: list[FetchFailed] = []
    with _shown() as progress:
        installer = Installer(store, progress)
        for model_id in wanted:
            try:
                _tell_installed(installer.install(model_id, again=again), progress, as_json)
            except FetchFailed as failure:
                without = store.manifest.model(model_id).without
                if lenient and without:
                    progress.note(f"{failure}. It is not indispensable: {without}.")
                    if as_json:
                        _print_json({"id": model_id, "state": State.MISSING, "without": without})
                else:
                    failures.append(failure)
    if failures:
        raise WorkFailed("\n".join(str(failure) for failure in failures))


def verify_models(
    ids: IdsArgument = None,
    config: ConfigOption = Path("config.toml"),
    models: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read installed models through and compare every file with its SHA-256; without ID, all that are there.

    What nothing told before is recorded now, and compared from then on.
    """
    store = _store(config, models)
    wanted = ids or [
        model_id for model_id in store.manifest.models if store.status(model_id).state is not State.MISSING
    ]
    with _shown() as progress:
        statuses = [store.verify(model_id, progress) for model_id in wanted]
    if as_json:
        _print_json(*(_status_document(status) for status in statuses))
    else:
        for status in statuses:
            _print_verified(status)
    bad = [status for status in statuses if not status.state.usable]
    if bad:
        told = ", ".join(f"{status.model.id} ({status.problem or status.state})" for status in bad)
        again = " ".join(status.model.id for status in bad)
        raise WorkFailed(f"not whole: {told}: run `voicebot models install --again {again}`")
    if not statuses:
        raise WorkFailed("no model is installed: run `voicebot models install`")


def _store(config: Path, models: Path | None) -> ModelStore:
    if models is not None:
        return open_store(models)
    if config == Path("config.toml") and not config.exists():
        return open_store(Path("models"))
    return open_store(_configured_folder(config))


def _configured_folder(config: Path) -> Path:
    from voicebot.config import ConfigError, load_settings  # it brings every package's settings with it

    try:
        return load_settings(config).paths.models
    except ConfigError as error:
        raise WrongUsage(str(error)) from error


class _Terminal:
    """Shows stages as progress bars on a terminal, and as one line each elsewhere; all of it on standard error."""

    def __init__(self, console: Console, bars: Bars) -> None:
        self._console = console
        self._bars = bars
        self._task: TaskID | None = None

    def stage(self, what: str, total_bytes: int | None) -> None:
        self.done()
        if self._console.is_terminal:
            self._task = self._bars.add_task(what, total=total_bytes)
        else:
            print(f"{what}...", file=sys.stderr, flush=True)  # noqa: T201

    def at(self, done_bytes: int, total_bytes: int | None = None) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done_bytes)
            if total_bytes is not None:
                self._bars.update(self._task, total=total_bytes)

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def done(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None


@contextmanager
def _shown() -> Iterator[_Terminal]:
    console = Console(stderr=True)
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with bars:
        terminal = _Terminal(console, bars)
        yield terminal
        terminal.done()


def _tell_installed(installed: Installed, progress: _Terminal, as_json: bool) -> None:
    progress.done()
    if as_json:
        document = {"id": installed.model.id, "state": State.INSTALLED, "fresh": installed.fresh}
        _print_json(document | {"path": str(installed.folder), "source": installed.source})
    else:
        progress.note(f"{installed.model.id}: {'installed' if installed.fresh else 'already installed'}")


def _print_verified(status: ModelStatus) -> None:
    typer.echo(f"{status.model.id}: {status.state}" + (f", {status.problem}" if status.problem else ""))
    known = {file.path for file in status.model.files if file.sha256}
    for file in status.files:
        origin = "" if file.path in known else "  (recorded at the first installation)"
        typer.echo(f"  {file.sha256 or '?'}  {file.path}{origin}")


def _status_document(status: ModelStatus) -> dict[str, Any]:
    model = status.model
    return {
        "id": model.id,
        "title": model.title,
        "engine": model.engine,
        "language": model.language,
        "licence": model.licence,
        "purpose": model.purpose,
        "state": status.state,
        "problem": status.problem,
        "path": str(status.folder),
        "size_bytes": status.size,
        "source": status.source,
        "files": [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in status.files],
    }


def _print_json(*documents: dict[str, Any]) -> None:
    for document in documents:
        typer.echo(json.dumps(document, ensure_ascii=False))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size else "?"

"""The entry point: commands found, errors told in one line, exit statuses kept."""

from types import ModuleType

import pytest
import typer

import voicebot
from voicebot.cli import main as entry
from voicebot.cli.failures import WorkFailed, WrongUsage


class Trouble(Exception):
    """An error that a command expects."""


def module_raising(error: Exception | None, *, expected: dict[type[Exception], int] | None = None) -> ModuleType:
    """Return a command module whose one command, ``act``, raises ``error``."""

    def register(app: typer.Typer) -> None:
        @app.command()
        def act() -> None:
            if error is not None:
                raise error

        @app.command()
        def rest() -> None:
            return None

    module = ModuleType("act")
    module.__dict__["register"] = register
    module.__dict__["EXPECTED_ERRORS"] = expected or {}
    return module


def run(module: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(entry, "command_modules", lambda arguments: [module])
    with pytest.raises(SystemExit) as ended:
        entry.main(arguments)
    return int(ended.value.code or 0)


def test_the_version_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(module_raising(None), monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"voicebot {voicebot.__version__}\n"


def test_a_command_loads_its_own_module_alone() -> None:
    assert [module.__name__ for module in entry.command_modules(["models", "list"])] == ["voicebot.cli.models"]


def test_without_a_command_every_command_module_is_found() -> None:
    found = {module.__name__ for module in entry.command_modules([])}
    assert "voicebot.cli.models" in found
    assert "voicebot.cli.failures" not in found, "it is no command"
    assert found == {module.__name__ for module in entry.command_modules(["failures"])}


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (WorkFailed("the line is dead: plug it in"), 1, "voicebot: the line is dead: plug it in\n"),
        (
            WrongUsage("config.toml: sip.port: not a port\nconfig.toml: sip.user: missing"),
            2,
            "voicebot: config.toml: sip.port: not a port\nvoicebot: config.toml: sip.user: missing\n",
        ),
        (Trouble("told"), 2, "voicebot: told\n"),
        (
            FileNotFoundError(2, "No such file or directory", "a.wav"),
            1,
            "voicebot: No such file or directory (a.wav)\n",
        ),
        (Trouble(), 2, "voicebot: Trouble\n"),
    ],
)
def test_an_expected_error_is_told_without_traceback(
    error: Exception,
    status: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(module_raising(error, expected={Trouble: 2}), monkeypatch, "act") == status
    assert capsys.readouterr().err == told


def test_a_bug_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "command_modules", lambda arguments: [module_raising(ZeroDivisionError("bug"))])
    with pytest.raises(ZeroDivisionError):
        entry.main(["act"])


def test_wrong_usage_ends_with_status_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(module_raising(None), monkeypatch, "dance") == 2
    assert "No such command 'dance'" in capsys.readouterr().err


def test_a_command_that_works_ends_with_status_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(module_raising(None), monkeypatch, "act") == 0

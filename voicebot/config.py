"""``config.toml`` into typed, validated settings: every mistake reported at once, with its key.

Each package owns its settings class; this file knows which table of the file fills which. Paths are relative to the
configuration file's folder. Nothing is read from here by the packages: settings are values handed to them.
"""

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from voicebot.asr.settings import AsrSettings
from voicebot.audio.settings import TurnSettings
from voicebot.calls.settings import MessageSettings
from voicebot.delivery.settings import Channels, DeliverySettings, MailSettings, SmsSettings, WebhookSettings
from voicebot.journal.settings import JournalSettings
from voicebot.load import LoadSettings
from voicebot.logs import LogSettings
from voicebot.telephony.settings import SipSettings
from voicebot.tts.settings import TtsSettings
from voicebot.web.settings import WebSettings

T = TypeVar("T")

_LIST = "webhooks"
"""The one key that is a list of tables."""


class ConfigError(Exception):
    """A configuration that cannot be used; the message lists every mistake with its key."""


@dataclass(frozen=True, slots=True)
class PathSettings:
    """Folders, made absolute when read: ``data`` holds what the service writes."""

    profiles: Path = Path("profiles")
    models: Path = Path("models")
    prompts: Path = Path("prompts")
    data: Path = Path("var")


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Limits of one conversation.

    ``profile`` answers numbers that no profile claims. ``max_s`` ends a call. ``sign_of_life_s`` is how long the caller
    waits in silence before being told that the assistant is at work.
    """

    profile: str = "coeur-cote-fleurie"
    max_s: float = 1800.0
    sign_of_life_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything ``config.toml`` says, one field a table."""

    paths: PathSettings = field(default_factory=PathSettings)
    call: CallSettings = field(default_factory=CallSettings)
    message: MessageSettings = field(default_factory=MessageSettings)
    asr: AsrSettings = field(default_factory=AsrSettings)
    tts: TtsSettings = field(default_factory=TtsSettings)
    turn: TurnSettings = field(default_factory=TurnSettings)
    load: LoadSettings = field(default_factory=LoadSettings)
    sip: SipSettings = field(default_factory=SipSettings)
    web: WebSettings = field(default_factory=WebSettings)
    log: LogSettings = field(default_factory=LogSettings)
    journal: JournalSettings = field(default_factory=JournalSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    sms: SmsSettings = field(default_factory=SmsSettings)
    webhooks: tuple[WebhookSettings, ...] = ()
    delivery: DeliverySettings = field(default_factory=DeliverySettings)

    @property
    def channels(self) -> Channels:
        """Every way out: mail, text messages, webhooks."""
        return Channels(self.mail, self.sms, self.webhooks)


def load_settings(path: Path) -> Settings:
    """Read and check ``path``.

    Raises:
        ConfigError: the file is missing or is not TOML, or has mistakes (all of them are listed).
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give another with --config") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error
    return parse_settings(document, source=str(path), folder=path.resolve().parent)


def parse_settings(document: dict[str, Any], *, source: str, folder: Path) -> Settings:
    """Check a decoded configuration; relative paths start at ``folder``.

    Raises:
        ConfigError: every mistake, one a line.
    """
    faults: list[str] = []
    tables: dict[str, Any] = {}
    known = {entry.name: entry for entry in dataclasses.fields(Settings)}
    for name, table in document.items():
        if name not in known:
            faults.append(f"{name}: unknown table{_nearest(name, known)}")
        elif name == _LIST:
            tables[name] = _read_list(WebhookSettings, name, table, faults)
        elif not isinstance(table, dict):
            faults.append(f"{name}: must be a table, [{name}], not {table!r}")
        else:
            tables[name] = _read_table(known[name].type, name, table, faults)
    if faults:
        raise ConfigError("\n".join(f"{source}: {fault}" for fault in faults))
    settings = Settings(**tables)
    paths = {entry.name: folder / getattr(settings.paths, entry.name) for entry in dataclasses.fields(PathSettings)}
    made = PathSettings(**paths)
    try:
        channels = settings.channels.within(folder)
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from error
    return dataclasses.replace(
        settings,
        paths=made,
        journal=settings.journal.within(made.data),
        mail=channels.mail,
        sms=channels.sms,
        webhooks=channels.webhooks,
    )


def _read_list(cls: type[T], name: str, found: Any, faults: list[str]) -> tuple[T, ...]:
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        faults.append(f"{name}: must be tables, [[{name}]], not {found!r}")
        return ()
    return tuple(_read_table(cls, f"{name}.{at}", table, faults) for at, table in enumerate(found))


def _read_table(cls: Any, name: str, table: dict[str, Any], faults: list[str]) -> Any:
    known = {entry.name for entry in dataclasses.fields(cls)}
    for key in sorted(set(table) - known):
        faults.append(f"{name}.{key}: unknown key{_nearest(key, known)}")
    try:
        return _adapter(cls).validate_python({key: value for key, value in table.items() if key in known})
    except ValidationError as error:
        for fault in error.errors():
            place = ".".join([name, *(str(part) for part in fault["loc"])])
            faults.append(f"{place}: {fault['msg'][0].lower()}{fault['msg'][1:]}, not {fault['input']!r}")
        return None


def _adapter(cls: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(cls)


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else f" (known: {', '.join(sorted(known))})"

"""The ``[sip]`` section of the configuration: where the line listens, which numbers it answers, whom it lets in.

Secrets are never written here: a setting names the environment variable or the file that holds one, and what is read
is a ``Secret``, which shows as stars wherever it is printed.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

EngineName: TypeAlias = Literal["baresip", "pyvoip"]
Transport: TypeAlias = Literal["udp", "tcp", "tls"]
Codec: TypeAlias = Literal["pcma", "pcmu", "g722", "opus"]
Srtp: TypeAlias = Literal["off", "offered", "required"]

_ENGINES = ("baresip", "pyvoip")
_TRANSPORTS = ("udp", "tcp", "tls")
_CODECS = ("pcma", "pcmu", "g722", "opus")
_SRTP = ("off", "offered", "required")
_USER = re.compile(r"[A-Za-z0-9+*#._\-]{1,64}")
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}|\[[0-9A-Fa-f:]+\]")
_STRICT: Mapping[str, Any] = {"extra": "forbid"}
"""Read by the configuration's validator: an unknown key in a nested table is an error, not a silence."""


class SecretMissing(ValueError):
    """The variable or file that should hold a secret does not; the message names it, never the secret."""


class Secret:
    """A value that must not be shown: ``repr``, ``str`` and formatting give stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, for the one place that sends it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "********"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not copied into files")


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """Where calls reach us.

    Attributes:
        address: the local address to bind; the one that peers see, since it goes into Contact and SDP.
        port: of UDP and TCP; TLS listens on ``port + 1``.
        transports: those offered, among udp, tcp, tls.
        certificate: certificate and key in one PEM file, for tls.
        rtp_ports: first and last UDP port of audio.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    address: str = "127.0.0.1"
    port: int = 5060
    transports: tuple[Transport, ...] = ("udp", "tcp")
    certificate: Path | None = None
    rtp_ports: tuple[int, int] = (16384, 32767)

    def __post_init__(self) -> None:
        try:
            ipaddress.ip_address(self.address)
        except ValueError as error:
            raise ValueError(f"address: {self.address!r} is not an IP address of this machine") from error
        if not 1 <= self.port <= 65534:
            raise ValueError(f"port: {self.port} is not between 1 and 65534")
        _known("transports", self.transports, _TRANSPORTS)
        if "tls" in self.transports and self.certificate is None:
            raise ValueError("certificate: tls needs a PEM file holding the certificate and its key")
        first, last = self.rtp_ports
        if not 1024 <= first <= 65535 or not first + 2 <= last <= 65535:
            raise ValueError(f"rtp_ports: {first}-{last} is not a range within 1024-65535 of three ports at least")


@dataclass(frozen=True, slots=True)
class NumberSettings:
    """One number that we answer.

    Attributes:
        number: as E.164 (``+33231000000``), or any user part of a SIP URI (``sophie``).
        profile: the profile that answers; empty for the configured one.
        aliases: other user parts under which a trunk may present the number. The French ways of writing an E.164
            number (0..., 33..., 0033...) need not be listed.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    number: str
    profile: str = ""
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for user in (self.number, *self.aliases):
            if not _USER.fullmatch(user):
                raise ValueError(f"number: {user!r} is not a telephone number nor the user part of a SIP address")

    @property
    def users(self) -> tuple[str, ...]:
        """Every user part that means this number, the number itself first."""
        return tuple(dict.fromkeys((self.number, *_written_forms(self.number), *self.aliases)))


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """The operator's account, when calls come only after a registration or our own calls need credentials.

    Attributes:
        domain: the operator's SIP domain, ``host`` or ``host:port``; empty for no account.
        user: the user part of our address there.
        auth_user: the name for authentication when it differs.
        secret_env: the environment variable that holds the password.
        secret_file: or the file that does (its last newline is dropped).
        register_s: seconds between registrations; 0 for a trunk that sends calls without any.
        proxy: the operator's outbound proxy, ``host:port``, when it is not the domain.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    domain: str = ""
    user: str = ""
    auth_user: str = ""
    secret_env: str = ""
    secret_file: Path | None = None
    register_s: int = 600
    proxy: str = ""

    def __post_init__(self) -> None:
        for key, value in (("domain", self.domain), ("proxy", self.proxy)):
            if value and not _is_host_port(value):
                raise ValueError(f"{key}: {value!r} is not a host or host:port")
        if bool(self.domain) != bool(self.user):
            raise ValueError("user: a trunk has both a domain and a user, or neither")
        for key, value in (("user", self.user), ("auth_user", self.auth_user)):
            if value and not _USER.fullmatch(value):
                raise ValueError(f"{key}: {value!r} is not the user part of a SIP address")
        if self.secret_env and self.secret_file is not None:
            raise ValueError("secret_file: give secret_env or secret_file, not both")
        if not 0 <= self.register_s <= 86400:
            raise ValueError(f"register_s: {self.register_s} is not between 0 and 86400")

    @property
    def configured(self) -> bool:
        """Whether there is an account at all."""
        return bool(self.domain)

    def secret(self, environ: Mapping[str, str] = os.environ) -> Secret:
        """Read the password; empty when none is named (a trunk that knows us by our address).

        Raises:
            SecretMissing: the variable is not set, or the file cannot be read.
        """
        if self.secret_env:
            value = environ.get(self.secret_env)
            if value is None:
                raise SecretMissing(f"trunk.secret_env: the environment variable {self.secret_env} is not set")
            return _checked(value, f"trunk.secret_env: what {self.secret_env} holds")
        if self.secret_file is not None:
            try:
                value = self.secret_file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise SecretMissing(f"trunk.secret_file: {self.secret_file} cannot be read ({error})") from error
            return _checked(value.removesuffix("\n"), f"trunk.secret_file: what {self.secret_file} holds")
        return Secret("")


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """The sound of calls.

    Attributes:
        codecs: those offered and accepted, preferred first; A-law is France's.
        jitter_ms: the least and the most that the jitter buffer may hold, in ms: the least adds to every answer.
        silent_peer_s: a call whose peer sends no packet for that long is over; 0 never ends one.
        srtp: ``required`` refuses calls in clear.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    codecs: tuple[Codec, ...] = ("pcma", "pcmu")
    jitter_ms: tuple[int, int] = (40, 200)
    silent_peer_s: int = 30
    srtp: Srtp = "off"

    def __post_init__(self) -> None:
        _known("codecs", self.codecs, _CODECS)
        least, most = self.jitter_ms
        if not 0 <= least <= most <= 2000:
            raise ValueError(f"jitter_ms: {least}-{most} is not a range within 0-2000 ms")
        if not 0 <= self.silent_peer_s <= 3600:
            raise ValueError(f"silent_peer_s: {self.silent_peer_s} is not between 0 and 3600")
        if self.srtp not in _SRTP:
            raise ValueError(f"srtp: {self.srtp!r} is not one of {', '.join(_SRTP)}")


@dataclass(frozen=True, slots=True)
class AdmissionSettings:
    """Whom we let in, and how many.

    Attributes:
        sources: addresses or networks (CIDR) allowed to reach us; empty for any. What comes from elsewhere gets no
            answer at all.
        capacity: calls at the same time; the next is refused as busy.
        caller_calls: calls that one number may place within ``caller_window_s``; 0 for any number.
        caller_window_s: see above.
        retry_after_s: what a refused caller's equipment is told to wait, where the engine can say it.
        leak_limit: calls the engine may lose before we stop accepting, drain, and ask to be restarted.
        drain_s: how long live calls may go on after a stop is asked.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    sources: tuple[str, ...] = ()
    capacity: int = 50
    caller_calls: int = 0
    caller_window_s: float = 60.0
    retry_after_s: int = 30
    leak_limit: int = 40
    drain_s: float = 300.0

    def __post_init__(self) -> None:
        for source in self.sources:
            try:
                ipaddress.ip_network(source)
            except ValueError as error:
                raise ValueError(f"sources: {source!r} is not an address nor a network ({error})") from error
        for key, value, low, high in (
            ("capacity", self.capacity, 1, 1000),
            ("caller_calls", self.caller_calls, 0, 1000),
            ("caller_window_s", self.caller_window_s, 1, 86400),
            ("retry_after_s", self.retry_after_s, 0, 86400),
            ("leak_limit", self.leak_limit, 1, 200),
            ("drain_s", self.drain_s, 0, 86400),
        ):
            if not low <= value <= high:
                raise ValueError(f"{key}: {value} is not between {low} and {high}")

    @property
    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The allowed sources as networks."""
        return tuple(ipaddress.ip_network(source) for source in self.sources)


@dataclass(frozen=True, slots=True)
class SipSettings:
    """The telephone line. ``lines`` lists the numbers; the default is one, ``sophie``, for trying."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    engine: EngineName = "baresip"
    listen: ListenSettings = field(default_factory=ListenSettings)
    lines: tuple[NumberSettings, ...] = (NumberSettings("sophie"),)
    trunk: TrunkSettings = field(default_factory=TrunkSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    admission: AdmissionSettings = field(default_factory=AdmissionSettings)

    def __post_init__(self) -> None:
        if self.engine not in _ENGINES:
            raise ValueError(f"engine: {self.engine!r} is not one of {', '.join(_ENGINES)}")
        if not self.lines:
            raise ValueError("lines: give one number at least")
        seen: dict[str, str] = {}
        for line in self.lines:
            for user in line.users:
                if seen.setdefault(user, line.number) != line.number:
                    raise ValueError(f"lines: {user} would mean both {seen[user]} and {line.number}")
        if self.engine == "pyvoip":
            _refuse_beyond_pyvoip(self)

    def line_of(self, user: str) -> NumberSettings | None:
        """Return the line that ``user``, the user part of a SIP address, means; ``None`` if no line of ours."""
        return next((line for line in self.lines if user in line.users), None)


def _refuse_beyond_pyvoip(settings: SipSettings) -> None:
    """Say at start what this engine cannot do, rather than ignore it during calls."""
    if settings.listen.transports != ("udp",):
        raise ValueError('listen.transports: the pyvoip engine speaks udp only; set transports = ["udp"]')
    beyond = sorted(set(settings.media.codecs) - {"pcma", "pcmu"})
    if beyond:
        raise ValueError(f"media.codecs: the pyvoip engine has no {', '.join(beyond)}")
    if settings.media.srtp != "off":
        raise ValueError("media.srtp: the pyvoip engine has no encryption")
    if settings.trunk.configured:
        raise ValueError("trunk: the pyvoip engine takes calls without registration only")


def _written_forms(number: str) -> tuple[str, ...]:
    """The other ways in which operators write a French E.164 number."""
    match = re.fullmatch(r"\+33([1-9]\d{8})", number)
    if match is None:
        return (number[1:], f"00{number[1:]}") if re.fullmatch(r"\+\d{6,15}", number) else ()
    national = match.group(1)
    return (f"0{national}", f"33{national}", f"0033{national}")


def _known(key: str, values: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [value for value in values if value not in known]
    if unknown or not values or len(set(values)) != len(values):
        raise ValueError(f"{key}: {list(values)} is not a list of some of {', '.join(known)}, each once")


def _is_host_port(value: str) -> bool:
    host, _, port = value.rpartition(":") if re.search(r":\d+$", value) else (value, "", "")
    return bool(_HOST.fullmatch(host)) and (not port or 1 <= int(port) <= 65535)


def _checked(value: str, where: str) -> Secret:
    if not value or any(ord(character) < 0x20 or character in '"\\' for character in value):
        raise SecretMissing(f"{where} is empty or has a quote, a backslash or a control character")
    return Secret(value)

"""Who answers: the parts of ``profile.toml`` the conversation needs, and its facts.

``profile.toml`` also carries the voice and the telephone numbers of the targets; they are read and checked here once,
so that one file has one reader, and used above.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from voicebot.dialog.knowledge.source import Table

NO_MATCH_POLICIES = ("menu", "conseiller")
TRANSFER_MODES = ("blind", "attended", "bridged")
_COLOUR = re.compile(r"^#[0-9a-f]{6}$")
_BLACK = "#161616"
_HOST = r"(?:[A-Za-z0-9.\-]{1,253}|\[[0-9A-Fa-f:]+\])"
_SIP = re.compile(rf"^sips?:[A-Za-z0-9+*#._\-]{{1,64}}@{_HOST}(?::\d{{1,5}})?(?:;[A-Za-z0-9=.\-]+)*$")
_EMAIL = re.compile(r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\".]+$")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that may change or be doubtful: how it is written, how it is spoken, and whether it is certain."""

    id: str
    value: str
    spoken: str = ""
    confirmed: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where calls may be handed over. ``uris`` are tried in order (or together) for ``ring_s`` seconds each.

    ``subjects`` are the intents or themes it serves (``*``: all); ``always`` says it answers day and night, else the
    opening hours ``calendar`` do. ``capacity`` is how many calls it takes at once (0: not known, its telephones tell),
    ``wrap_up_s`` the pause of an adviser after each. When all are taken, a caller waits up to ``queue_s`` seconds (0:
    not at all). ``modes`` replaces the profile's ways of handing over. ``email`` is told of what is kept on its
    subjects. ``line`` is where it is written.
    """

    id: str
    name: str
    uris: tuple[str, ...]
    subjects: tuple[str, ...] = ("*",)
    always: bool = False
    parallel: bool = False
    ring_s: float = 25.0
    calendar: str = "conseillers"
    capacity: int = 0
    wrap_up_s: float = 0.0
    queue_s: float = 600.0
    modes: tuple[str, ...] = ()
    email: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """How the assistant sounds: engine and voice ids (``auto``: the best installed) and speed (1.0 normal)."""

    engine: str = "auto"
    name: str = "auto"
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How the assistant behaves.

    ``direct`` transfers at once during opening hours. ``misunderstood_before_menu`` turns not understood bring the
    menu, once. ``more`` asks "autre chose ?" after an answer.
    """

    direct: bool = False
    no_match: str = "menu"
    misunderstood_before_menu: int = 2
    no_input_s: float = 7.0
    patient_no_input_s: float = 12.0
    more: bool = True
    transfer_modes: tuple[str, ...] = ("attended", "bridged", "blind")
    survey: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """How the chat looks: its ``colour`` (``#rrggbb``)."""

    colour: str = "#0b5563"

    @property
    def on_colour(self) -> str:
        """Whichever of white and near black is read best on the colour (at least 4.5 to 1, WCAG 2.1)."""
        return "#ffffff" if contrast(self.colour, "#ffffff") >= contrast(self.colour, _BLACK) else _BLACK


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.1), from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@dataclass(frozen=True, slots=True)
class Identity:
    """One white-label profile: its names, its numbers and its behaviour."""

    id: str
    service: str
    community: str
    assistant: str
    demo: bool = False
    facts: Mapping[str, Fact] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    voice: VoiceSettings = VoiceSettings()
    policy: Policy = Policy()
    look: Look = Look()
    targets: tuple[Target, ...] = ()
    pronunciations: Mapping[str, str] = field(default_factory=dict)
    mailbox: str = ""
    """Where the service is told of what is kept, when no target has an address of its own for it."""

    def target_for(
        self, subject: str, urgent: bool = False, there: Callable[[Target], bool] = lambda target: True
    ) -> Target | None:
        """Return the target that serves ``subject`` (an intent id) and is ``there``, the most precise first.

        ``urgent`` looks only among those which answer day and night.
        """
        theme = subject.split(".")[0]
        for wanted in (subject, theme, "*"):
            for target in self.targets:
                if wanted in target.subjects and target.always == urgent and there(target):
                    return target
        return None


def read_identity(table: Table, profile_id: str) -> Identity:
    """Read ``profile.toml``; mistakes are noted in the table."""
    facts = {}
    for name in ("site", "telephone", "adresse", "email"):
        below = table.table(name)
        if below is None:
            table.wrong(name, f"la table [{name}] est obligatoire (valeur, confirmed)")
        else:
            facts[name] = read_fact(name, below)
    identity = Identity(
        table.text("id", profile_id),
        table.text("service"),
        table.text("collectivite"),
        table.text("assistante"),
        table.flag("demo", False),
        facts,
        table.texts("numeros", ()),
        _voice(table),
        _policy(table),
        _look(table),
        tuple(_target(below) for below in table.tables("cible")),
        _pronunciations(table),
        _email(table, "courriel_demandes"),
    )
    seen: set[str] = set()
    for target in identity.targets:
        if target.id in seen:
            table.wrong("cible", f"deux cibles portent l’identifiant « {target.id} »")
        seen.add(target.id)
    table.done()
    return identity


def read_fact(name: str, table: Table) -> Fact:
    """Read one fact: ``valeur``, ``dire`` for the ear where it differs, ``confirmed``, ``source``."""
    fact = Fact(
        name,
        table.text("valeur"),
        table.text("dire", ""),
        table.flag("confirmed", False),
        table.text("source", ""),
    )
    table.done()
    return fact


def _voice(table: Table) -> VoiceSettings:
    below = table.table("voix")
    if below is None:
        return VoiceSettings()
    speed = below.number("vitesse", 1.0)
    if not 0.5 <= speed <= 1.5:
        below.wrong("vitesse", "la vitesse va de 0.5 à 1.5")
    voice = VoiceSettings(below.text("moteur", "auto"), below.text("nom", "auto"), speed)
    below.done()
    return voice


def _policy(table: Table) -> Policy:
    below = table.table("options")
    if below is None:
        return Policy()
    accueil = below.one_of("accueil", ("assistante", "direct"), "assistante")
    modes = _modes(below, Policy().transfer_modes)
    if not modes:
        below.wrong("transfert", f"il faut au moins une façon de passer un appel : {', '.join(TRANSFER_MODES)}")
    policy = Policy(
        direct=accueil == "direct",
        no_match=below.one_of("incompris", NO_MATCH_POLICIES, "menu"),
        misunderstood_before_menu=int(below.number("incompris_avant_menu", 2, least=1)),
        no_input_s=below.number("silence_s", 7.0, least=3),
        patient_no_input_s=below.number("silence_dictee_s", 12.0, least=3),
        more=below.flag("autre_chose", True),
        transfer_modes=modes,
        survey=below.flag("enquete", True),
    )
    below.done()
    return policy


def _look(table: Table) -> Look:
    below = table.table("tchat")
    if below is None:
        return Look()
    colour = below.text("couleur", Look().colour).lower()
    if not _COLOUR.match(colour):
        below.wrong("couleur", f"« {colour} » n’est pas une couleur comme #0b5563")
        colour = Look().colour
    below.done()
    return Look(colour)


def _modes(table: Table, default: tuple[str, ...]) -> tuple[str, ...]:
    modes = table.texts("transfert", default)
    for mode in modes:
        if mode not in TRANSFER_MODES:
            table.wrong("transfert", f"« {mode} » n’est pas prévu ; choisir parmi : {', '.join(TRANSFER_MODES)}")
    if len(set(modes)) < len(modes):
        table.wrong("transfert", "la même façon est donnée deux fois")
    return tuple(mode for mode in modes if mode in TRANSFER_MODES)


def _target(table: Table) -> Target:
    always = table.flag("toujours", False)
    target = Target(
        table.text("id"),
        table.text("nom"),
        table.texts("sip"),
        table.texts("sujets", ("*",)),
        always,
        table.flag("en_parallele", False),
        table.number("sonnerie_s", 25.0, least=5),
        table.text("calendrier", "conseillers"),
        int(table.number("capacite", 0, least=0)),
        table.number("pause_s", 0.0, least=0),
        table.number("attente_s", 0.0 if always else 600.0, least=0),
        _modes(table, ()),
        _email(table, "courriel"),
        table.line("calendrier"),
    )
    for uri in target.uris:
        if not _SIP.match(uri):
            table.wrong("sip", f"« {uri} » n’est pas une adresse comme sip:accueil@exemple.fr")
    table.done()
    return target


def _email(table: Table, key: str) -> str:
    address = table.text(key, "")
    if address and not _EMAIL.match(address):
        table.wrong(key, f"« {address} » n’est pas une adresse électronique")
    return address


def _pronunciations(table: Table) -> Mapping[str, str]:
    below = table.table("prononciations")
    if below is None:
        return {}
    return {word: below.text(word) for word in sorted(below.data)}

"""The words of understanding, read from the profile's folders: intents, streams, ideas, communes, waste objects.

``load_nlu_data`` reads several folders in order (the common ground first, then the community's own): an intent, a
stream or an idea of a later folder replaces the one with the same id; communes and objects are added, a later one with
the same name replacing. Every mistake is told with its file and line or key.
"""

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from voicebot.dialog.nlu.errors import NluDataError

ENTITY_NAMES = frozenset(
    ["commune", "flux", "objet", "public", "date", "heure", "telephone", "email", "adresse", "nom", "secteur", "motif",
     "description", "volume", "reference", "oui_non", "hors_territoire"]
)  # fmt: skip
"""Entities the engine knows how to find."""

NAME = "{nom}"
"""In a sentence of ``lexique/ailleurs.toml``, stands for any name of its table."""


@dataclass(frozen=True, slots=True)
class IntentData:
    """One intent: its id, how it is named to the caller, the entities it accepts, its keywords and examples."""

    id: str
    label: str
    entities: tuple[str, ...]
    keywords: tuple[str, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FluxData:
    """One waste stream: words that name it anywhere, and words that name it only in a waste context."""

    id: str
    names: tuple[str, ...]
    alone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommuneData:
    """One commune, or a neighbouring town (``outside``), with everything it may be called."""

    name: str
    nicknames: tuple[str, ...] = ()
    hamlets: tuple[str, ...] = ()
    misheard: tuple[str, ...] = ()
    outside: bool = False


@dataclass(frozen=True, slots=True)
class ObjectData:
    """One object of the sorting guide and its other names."""

    name: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ElsewhereData:
    """Things of another world than the service's: their names, and sentences about them with ``{nom}`` in their place.

    ``telling``: a name alone tells another subject; otherwise it may also be said of waste ("un canapé").
    """

    id: str
    names: tuple[str, ...]
    phrases: tuple[str, ...]
    telling: bool = True


@dataclass(frozen=True, slots=True)
class HeardData:
    """An example said over the telephone: its words, its intent, and what the recogniser wrote."""

    said: str
    intent: str
    heard: str


@dataclass(frozen=True, slots=True)
class NluData:
    """Everything the engine is built from."""

    intents: tuple[IntentData, ...]
    streams: tuple[FluxData, ...]
    ideas: Mapping[str, tuple[str, ...]]
    publics: Mapping[str, tuple[str, ...]]
    communes: tuple[CommuneData, ...]
    objects: tuple[ObjectData, ...]
    topics: Mapping[str, str] = field(default_factory=dict)
    sound_words: tuple[str, ...] = ()
    elsewhere: tuple[ElsewhereData, ...] = ()
    vague: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    heard: tuple[HeardData, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """How each intent is named to the caller ("les jours de collecte")."""
        return {intent.id: intent.label for intent in self.intents}


def _where(file: Path, needle: str) -> str:
    """Return ``line N (needle)`` of the first line holding ``needle``, or just the key."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if needle in line:
            return f"line {number} ({needle})"
    return f"key {needle}"


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as problem:
        raise NluDataError(file, f"byte {problem.start}", "not UTF-8; save the file as UTF-8") from problem
    except tomllib.TOMLDecodeError as problem:
        raise NluDataError(file, "TOML", f"{problem}; correct the syntax there") from problem


def _strings(file: Path, table: Mapping[str, Any], owner: str, key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise NluDataError(file, f"{_where(file, owner)}, key {key}", 'must be a list of texts, like ["un", "deux"]')
    return tuple(item.strip() for item in value)


def _known_keys(file: Path, table: Any, owner: str, known: frozenset[str]) -> None:
    if not isinstance(table, dict):
        raise NluDataError(file, _where(file, owner), f"{owner} must be a table")
    for key in table:
        if key not in known:
            raise NluDataError(
                file, f"{_where(file, owner)}, key {key}", f"unknown key; use one of {', '.join(sorted(known))}"
            )


def _intents(file: Path) -> dict[str, IntentData]:
    found: dict[str, IntentData] = {}
    for id_, table in _read_toml(file).items():
        _known_keys(file, table, id_, frozenset(["nom", "entites", "mots_cles", "exemples"]))
        examples = table.get("exemples", "")
        if not isinstance(examples, str) or not examples.strip():
            raise NluDataError(file, f"{_where(file, id_)}, key exemples", "needs one example a line between '''")
        label = table.get("nom")
        if not isinstance(label, str) or not label.strip():
            raise NluDataError(file, f"{_where(file, id_)}, key nom", "needs the name said to the caller")
        entities = _strings(file, table, id_, "entites")
        for name in entities:
            if name not in ENTITY_NAMES:
                known = ", ".join(sorted(ENTITY_NAMES))
                raise NluDataError(
                    file, f"{_where(file, id_)}, key entites", f"unknown entity {name}; use one of {known}"
                )
        lines = tuple(line.strip() for line in examples.splitlines() if line.strip() and not line.startswith("#"))
        found[id_] = IntentData(id_, label.strip(), entities, _strings(file, table, id_, "mots_cles"), lines)
    return found


def _streams(file: Path) -> dict[str, FluxData]:
    found: dict[str, FluxData] = {}
    for id_, table in _read_toml(file).items():
        _known_keys(file, table, id_, frozenset(["noms", "seuls"]))
        found[id_] = FluxData(id_, _strings(file, table, id_, "noms"), _strings(file, table, id_, "seuls"))
    return found


def _elsewhere(file: Path) -> dict[str, ElsewhereData]:
    found: dict[str, ElsewhereData] = {}
    for id_, table in _read_toml(file).items():
        _known_keys(file, table, id_, frozenset(["noms", "phrases", "signale"]))
        phrases = table.get("phrases", "")
        if not isinstance(phrases, str) or any(NAME not in line for line in phrases.splitlines() if line.strip()):
            raise NluDataError(file, f"{_where(file, id_)}, key phrases", "needs one sentence a line, each with {nom}")
        telling = table.get("signale", True)
        if not isinstance(telling, bool):
            raise NluDataError(file, f"{_where(file, id_)}, key signale", "must be true or false")
        lines = tuple(line.strip() for line in phrases.splitlines() if line.strip())
        found[id_] = ElsewhereData(id_, _strings(file, table, id_, "noms"), lines, telling)
    return found


@dataclass(frozen=True, slots=True)
class _Words:
    """What ``lexique/mots.toml`` holds."""

    ideas: dict[str, tuple[str, ...]]
    publics: dict[str, tuple[str, ...]]
    topics: dict[str, str]
    sound_words: tuple[str, ...]
    vague: dict[str, tuple[str, ...]]


def _words(file: Path) -> _Words:
    tables = _read_toml(file)
    _known_keys(file, tables, "mots.toml", frozenset(["idees", "public", "sujets", "sons", "vagues"]))
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise NluDataError(file, _where(file, name), f"{name} must be a table")
    ideas, publics = (
        {id_: _strings(file, tables.get(name, {}), id_, id_) for id_ in tables.get(name, {})}
        for name in ("idees", "public")
    )
    topics = tables.get("sujets", {})
    for theme, topic in topics.items():
        if not isinstance(topic, str) or not topic.strip():
            raise NluDataError(file, _where(file, theme), 'must be a text, like "la déchèterie"')
    vague = {name: _strings(file, tables.get("vagues", {}), name, name) for name in tables.get("vagues", {})}
    for name, pair in vague.items():
        if len(pair) != 2:
            raise NluDataError(file, _where(file, name), "needs the two intents to ask about, likelier first")
    return _Words(ideas, publics, topics, _strings(file, tables.get("sons", {}), "sons", "mots"), vague)


def _communes(file: Path) -> dict[str, CommuneData]:
    found: dict[str, CommuneData] = {}
    tables = _read_toml(file)
    for kind in tables:
        if kind not in ("commune", "voisine"):
            raise NluDataError(file, _where(file, kind), "unknown table; use [[commune]] or [[voisine]]")
    for kind in ("commune", "voisine"):
        for number, table in enumerate(tables.get(kind, []), start=1):
            _known_keys(file, table, f"[[{kind}]]", frozenset(["nom", "surnoms", "lieux_dits", "entendu"]))
            name = table.get("nom")
            if not isinstance(name, str) or not name.strip():
                raise NluDataError(file, f"{kind} number {number}, key nom", "needs the official name")
            found[name] = CommuneData(
                name,
                _strings(file, table, name, "surnoms"),
                _strings(file, table, name, "lieux_dits"),
                _strings(file, table, name, "entendu"),
                outside=kind == "voisine",
            )
    return found


def _objects(file: Path) -> dict[str, ObjectData]:
    found: dict[str, ObjectData] = {}
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter=";")
        for column in ("nom", "synonymes"):
            if column not in (reader.fieldnames or ()):
                raise NluDataError(file, "line 1", f"column {column} is missing; columns are separated by ';'")
        for row in reader:
            name = (row["nom"] or "").strip()
            if not name:
                raise NluDataError(file, f"line {reader.line_num}", "the object has no name (column nom)")
            synonyms = tuple(part.strip() for part in (row["synonymes"] or "").split("|") if part.strip())
            found[name] = ObjectData(name, synonyms)
    return found


def _add_examples(file: Path, intents: dict[str, IntentData]) -> None:
    """Add to ``intents`` the examples of ``file``: a list of texts for each intent."""
    table = _read_toml(file)
    for id_ in table:
        if id_ not in intents:
            raise NluDataError(file, _where(file, id_), f"unknown intent {id_}; use one of those of intents/*.toml")
        known = intents[id_].examples
        added = tuple(text for text in _strings(file, table, id_, id_) if text not in known)
        intents[id_] = replace(intents[id_], examples=known + added)


def _heard(file: Path, intents: Mapping[str, IntentData]) -> tuple[HeardData, ...]:
    found: list[HeardData] = []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter=";")
        for column in ("dit", "intention", "entendu"):
            if column not in (reader.fieldnames or ()):
                raise NluDataError(file, "line 1", f"column {column} is missing; columns are separated by ';'")
        for row in reader:
            if (intent := row["intention"] or "") not in intents:
                place = f"line {reader.line_num}"
                raise NluDataError(file, place, f"unknown intent {intent}; use one of those of intents/*.toml")
            if (row["dit"] or "").strip() and (row["entendu"] or "").strip():
                found.append(HeardData(row["dit"].strip(), intent, row["entendu"].strip()))
    return tuple(found)


def load_nlu_data(folders: Sequence[Path]) -> NluData:
    """Read the words of understanding from ``folders``, the common ground first.

    Each folder may hold ``intents/*.toml``, ``lexique/flux.toml``, ``lexique/mots.toml``, ``lexique/ailleurs.toml``,
    ``communes.toml`` and ``tri/objets.csv``; ``ajouts/exemples.toml`` adds examples to the intents known so far, and
    ``lexique/entendus.csv`` what the recogniser made of examples said over the telephone.

    Raises:
        NluDataError: a file is wrong, or there is no intent at all; one message with file and line or key.
    """
    intents: dict[str, IntentData] = {}
    streams: dict[str, FluxData] = {}
    ideas: dict[str, tuple[str, ...]] = {}
    publics: dict[str, tuple[str, ...]] = {}
    topics: dict[str, str] = {}
    sound_words: tuple[str, ...] = ()
    vague: dict[str, tuple[str, ...]] = {}
    elsewhere: dict[str, ElsewhereData] = {}
    communes: dict[str, CommuneData] = {}
    objects: dict[str, ObjectData] = {}
    heard: tuple[HeardData, ...] = ()
    for folder in folders:
        for file in sorted((folder / "intents").glob("*.toml")):
            intents.update(_intents(file))
        if (file := folder / "ajouts" / "exemples.toml").exists():
            _add_examples(file, intents)
        if (file := folder / "lexique" / "flux.toml").exists():
            streams.update(_streams(file))
        if (file := folder / "lexique" / "mots.toml").exists():
            words = _words(file)
            ideas.update(words.ideas)
            publics.update(words.publics)
            topics.update(words.topics)
            vague.update(words.vague)
            sound_words = tuple(dict.fromkeys((*sound_words, *words.sound_words)))
        if (file := folder / "lexique" / "ailleurs.toml").exists():
            elsewhere.update(_elsewhere(file))
        if (file := folder / "communes.toml").exists():
            communes.update(_communes(file))
        if (file := folder / "tri" / "objets.csv").exists():
            objects.update(_objects(file))
        if (file := folder / "lexique" / "entendus.csv").exists():
            heard += _heard(file, intents)
    for name, pair in vague.items():
        for id_ in pair:
            if id_ not in intents:
                raise NluDataError(folders[0], f"lexique/mots.toml, key vagues.{name}", f"unknown intent {id_}")
    if not folders:
        raise ValueError("load_nlu_data needs at least one folder")
    if "hors_sujet" not in intents:
        raise NluDataError(folders[0], "intents/*.toml", "no intent hors_sujet; add it with examples of other subjects")
    return NluData(
        tuple(intents[id_] for id_ in sorted(intents)),
        tuple(streams.values()),
        ideas,
        publics,
        tuple(communes.values()),
        tuple(objects.values()),
        topics,
        sound_words,
        tuple(elsewhere.values()),
        vague,
        heard,
    )

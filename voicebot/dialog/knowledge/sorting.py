"""The sorting guide: everyday objects, where each goes, and what to say of one it has never seen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voicebot.dialog.errors import Mistake
from voicebot.dialog.knowledge.source import Table, read_csv, shown
from voicebot.dialog.wording import contains, fold

COLUMNS = ("nom", "article", "synonymes", "filiere", "consigne", "precaution", "source", "confirme")


_COMPANY = re.compile(r"(?:,| ou) avec (?P<what>[^,.;:]+)|(?<=ça va )au (?P<place>\w+) ou (?!avec)")
_SMALL = frozenset(("le", "la", "les", "l", "de", "du", "des", "d", "un", "une"))


@dataclass(frozen=True, slots=True)
class Channel:
    """One way of disposal (a *filière*).

    ``name`` has its article; ``where`` follows "ça va"; ``sentence`` is the answer, with ``{objet}`` or ``{Objet}``.
    """

    id: str
    name: str
    where: str
    sentence: str
    stream: str = ""
    more: str = ""
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class SortedObject:
    """One object of the guide."""

    name: str
    article: str
    synonyms: tuple[str, ...]
    channel: str
    advice: str = ""
    caution: str = ""
    confirmed: bool = True

    @property
    def spoken(self) -> str:
        """The name with its article: "un pot de yaourt", "de l’essence"."""
        if not self.article:
            return self.name
        return self.article + self.name if self.article.endswith(("'", "’")) else f"{self.article} {self.name}"

    def answer(self, channel: Channel) -> str:
        """Return the sentence of ``channel`` for this object, without what would say its name again.

        "Des gravats, ça se porte à la déchèterie", and not "à la déchèterie, avec les gravats".
        """
        named = set(singular(fold(self.name)).split())
        sentence = _COMPANY.sub(
            lambda found: "" if _content(found["what"] or found["place"]) <= named else found[0], channel.sentence
        )
        return sentence.replace("{Objet}", self.spoken).replace("{objet}", self.spoken)


@dataclass(frozen=True, slots=True)
class Material:
    """What to say of an unknown object made of a known material."""

    id: str
    name: str
    words: tuple[str, ...]
    where: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class SortingGuide:
    """Objects by folded name and synonym, channels by id, and materials."""

    objects: Mapping[str, SortedObject]
    channels: Mapping[str, Channel]
    materials: tuple[Material, ...] = ()

    def find(self, name: str) -> SortedObject | None:
        """Return the object called ``name`` (its name or a synonym, accents, case and plural aside)."""
        folded = fold(name)
        return self.objects.get(folded) or self.objects.get(singular(folded))

    def material_of(self, text: str) -> Material | None:
        """Return the material named in ``text``, if exactly one is."""
        folded = singular(fold(text))
        found = [one for one in self.materials if any(contains(folded, singular(fold(word))) for word in one.words)]
        return found[0] if len(found) == 1 else None


def _content(text: str) -> set[str]:
    """Return the folded words of ``text`` that mean something, in the singular."""
    return set(singular(fold(text)).split()) - _SMALL


def singular(folded: str) -> str:
    """Return a folded text with the plain plural marks of its words dropped."""
    return " ".join(word[:-1] if len(word) > 3 and word[-1] in "sx" else word for word in folded.split())


def read_channels(table: Table, streams: tuple[str, ...]) -> Mapping[str, Channel]:
    """Read ``filieres.toml``: one ``[[filiere]]`` per channel."""
    channels: dict[str, Channel] = {}
    table.number("version", 1)
    for below in table.tables("filiere"):
        name = below.text("id")
        if name in channels:
            below.wrong("id", f"« {name} » est déjà une filière de ce fichier")
        stream = below.text("flux", "")
        if stream and stream not in streams:
            below.wrong("flux", f"« {stream} » n’est pas un flux ; choisir parmi : {', '.join(streams)}")
        sentence = below.text("phrase")
        if sentence and "{objet}" not in sentence and "{Objet}" not in sentence:
            below.wrong("phrase", "la phrase doit nommer {objet} ou {Objet}")
        below.text("source", "")
        channels[name] = Channel(
            name,
            below.text("label"),
            below.text("ou"),
            sentence,
            stream,
            below.text("explication", ""),
            below.flag("confirmed", True),
        )
        below.done()
    table.done()
    return channels


def read_materials(table: Table) -> tuple[Material, ...]:
    """Read ``matieres.toml``: one table per material."""
    found = []
    for name, below in table.named_tables():
        found.append(
            Material(name, below.text("nom"), below.texts("mots"), below.text("ou"), below.text("consigne", ""))
        )
        below.done()
    return tuple(found)


def read_objects(path: Path, channels: Mapping[str, Channel], mistakes: list[Mistake]) -> Mapping[str, SortedObject]:
    """Read ``objets.csv``. The same name or synonym twice is a mistake."""
    objects: dict[str, SortedObject] = {}
    first_line: dict[str, int] = {}
    for line, row in read_csv(path, COLUMNS, mistakes):
        if not row["nom"]:
            mistakes.append(Mistake(shown(path), line, "nom", "le nom est vide"))
            continue
        if row["filiere"] not in channels:
            message = f"« {row['filiere']} » n’est pas dans filieres.toml"
            mistakes.append(Mistake(shown(path), line, "filiere", message))
        if row["confirme"] not in ("oui", "non"):
            mistakes.append(Mistake(shown(path), line, "confirme", "oui ou non est attendu"))
        synonyms = tuple(word.strip() for word in row["synonymes"].split("|") if word.strip())
        one = SortedObject(
            row["nom"],
            row["article"],
            synonyms,
            row["filiere"],
            row["consigne"],
            row["precaution"],
            row["confirme"] == "oui",
        )
        name = fold(row["nom"])
        if name in first_line and objects[name].name == row["nom"]:
            message = f"« {row['nom']} » est déjà à la ligne {first_line[name]}"
            mistakes.append(Mistake(shown(path), line, "nom", message))
        objects[name] = one
        first_line[name] = line
        for synonym in synonyms:
            objects.setdefault(fold(synonym), one)
    for one in list(objects.values()):
        for word in (one.name, *one.synonyms):
            objects.setdefault(singular(fold(word)), one)
    return objects

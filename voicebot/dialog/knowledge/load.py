"""Loads and checks all the content of a profile: base folder first, then the profile, which overrides by id.

Every mistake of every file is collected before refusing, so that an editor repairs them in one go.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from voicebot.dialog.errors import ContentRefused, Mistake
from voicebot.dialog.forms.spec import Form, read_appointments, read_form
from voicebot.dialog.knowledge.answers import Answer, Choice, read_answer, read_choice, read_subject
from voicebot.dialog.knowledge.check import check_knowledge
from voicebot.dialog.knowledge.collection import Collection, read_collection, read_season
from voicebot.dialog.knowledge.identity import Identity, read_fact, read_identity
from voicebot.dialog.knowledge.model import Gesture, Knowledge, Stream
from voicebot.dialog.knowledge.places import Centre, Commune, Container, read_centres, read_communes, read_containers
from voicebot.dialog.knowledge.sorting import (
    Channel,
    Material,
    SortedObject,
    SortingGuide,
    read_channels,
    read_materials,
    read_objects,
)
from voicebot.dialog.knowledge.source import Table, read_toml, shown
from voicebot.dialog.templates import Template

_T = TypeVar("_T")


class _Files:
    """The files of the folders, base first; collects mistakes."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders
        self.mistakes: list[Mistake] = []

    def each(self, name: str) -> Iterable[Table]:
        """Yield the file ``name`` of every folder that has it."""
        for folder in self.folders:
            if (folder / name).is_file():
                table = read_toml(folder / name, self.mistakes)
                if table is not None:
                    yield table

    def glob(self, pattern: str) -> Iterable[tuple[str, Table]]:
        """Yield the stem and table of every file that matches, by folder then name."""
        for folder in self.folders:
            for path in sorted(folder.glob(pattern)):
                table = read_toml(path, self.mistakes)
                if table is not None:
                    yield path.stem, table

    def last(self, name: str) -> Path | None:
        """Return the path of ``name`` in the last folder that has it."""
        return next((folder / name for folder in reversed(self.folders) if (folder / name).is_file()), None)

    def merged(self, name: str, read: Callable[[str, Table], _T]) -> dict[str, _T]:
        """Read the tables of the file ``name`` of every folder by id, the last folder winning."""
        found: dict[str, _T] = {}
        for table in self.each(name):
            for key, below in table.named_tables():
                found[key] = read(key, below)
        return found


def load_knowledge(folders: Sequence[Path]) -> Knowledge:
    """Load and check the content of ``folders``, general ones first.

    Raises:
        ContentRefused: with every mistake of every file.
    """
    files = _Files(folders)
    for folder in folders:
        if not folder.is_dir():
            files.mistakes.append(Mistake(shown(folder), 0, "", "ce dossier de profil n’existe pas"))
    knowledge = _read(files)
    if knowledge is not None and not files.mistakes:
        check_knowledge(knowledge, shown(folders[-1]), files.mistakes)
    if knowledge is None or files.mistakes:
        raise ContentRefused(files.mistakes)
    return knowledge


def _read(files: _Files) -> Knowledge | None:
    identity = _identity(files)
    streams = files.merged("flux.toml", _stream)
    communes: dict[str, Commune] = {}
    for table in files.each("mairies.toml"):
        communes = {one.name: one for one in _nicknamed(files, read_communes(table))}
    names = tuple(communes)
    collection = Collection()
    for table in files.each("collecte.toml"):
        collection = read_collection(table, names, tuple(streams))
    centres: tuple[Centre, ...] = ()
    for table in files.each("decheteries.toml"):
        centres = read_centres(table, names)
    containers: tuple[Container, ...] = ()
    path = files.last("bornes.csv")
    if path is not None:
        containers = read_containers(path, names, tuple(streams), files.mistakes)
    facts = files.merged("faits.toml", read_fact)
    if identity is None:
        return None
    return Knowledge(
        identity,
        {**facts, **identity.facts},
        _answers(files),
        files.merged("sujets.toml", read_subject) | files.merged("ajouts/sujets.toml", read_subject),
        streams,
        communes,
        collection,
        centres,
        containers,
        _guide(files, tuple(streams)),
        _forms(files),
        _suggestions(files),
        _marks(files),
        _gestures(files),
    )


def _nicknamed(files: _Files, communes: Iterable[Commune]) -> Iterable[Commune]:
    """Add to each commune what its inhabitants call it, from the file understanding reads."""
    nicknames: dict[str, tuple[str, ...]] = {}
    for table in files.each("communes.toml"):
        for below in table.tables("commune"):
            nicknames[below.text("nom")] = below.texts("surnoms", ())
    for one in communes:
        yield replace(one, nicknames=nicknames.get(one.name, ()))
    for name in nicknames.keys() - {one.name for one in communes}:
        path = files.last("communes.toml")
        message = f"« {name} » n’est pas dans mairies.toml : écrire le même nom dans les deux fichiers"
        files.mistakes.append(Mistake(shown(path) if path else "", 0, "", message))


def _identity(files: _Files) -> Identity | None:
    found = None
    for folder in files.folders:
        if (folder / "profile.toml").is_file():
            table = read_toml(folder / "profile.toml", files.mistakes)
            found = read_identity(table, folder.name) if table is not None else None
    if found is None and files.folders:
        path = files.folders[-1] / "profile.toml"
        if not path.is_file():
            files.mistakes.append(Mistake(shown(path), 0, "", "ce fichier d’identité du profil est obligatoire"))
    return found


def _stream(stream_id: str, table: Table) -> Stream:
    stream = Stream(
        stream_id,
        table.text("nom"),
        table.flag("pluriel", False),
        table.texts("mots"),
        table.text("tri", ""),
        table.flag("apport", False),
        table.flag("confirmed", True),
        table.flag("feminin", False),
    )
    table.done()
    return stream


def _answers(files: _Files) -> Mapping[str, Answer]:
    answers: dict[str, Answer] = {}
    for _, table in files.glob("answers/*.toml"):
        for name, below in table.named_tables():
            answers[name] = read_answer(name, below)
    return answers


def _guide(files: _Files, streams: tuple[str, ...]) -> SortingGuide:
    channels: dict[str, Channel] = {}
    for table in files.each("tri/filieres.toml"):
        channels.update(read_channels(table, streams))
    materials: tuple[Material, ...] = ()
    for table in files.each("tri/matieres.toml"):
        materials = read_materials(table)
    objects: dict[str, SortedObject] = {}
    for folder in files.folders:
        path = folder / "tri" / "objets.csv"
        if path.is_file():
            objects.update(read_objects(path, channels, files.mistakes))
    return SortingGuide(objects, channels, materials)


def _forms(files: _Files) -> Mapping[str, Form]:
    forms = {stem: read_form(stem, table) for stem, table in files.glob("forms/*.toml")}
    for table in files.each("rendez_vous.toml"):
        for name, below in table.named_tables():
            if name in forms:
                forms[name] = replace(forms[name], appointments=read_appointments(below))
            else:
                table.wrong(name, "aucun formulaire ne porte ce nom")
    return forms


def _suggestions(files: _Files) -> tuple[Choice, ...]:
    choices: tuple[Choice, ...] = ()
    for table in files.each("suggestions.toml"):
        choices = tuple(read_choice(below) for below in table.tables("choix"))
        if len(choices) > 5:
            table.wrong("choix", f"{len(choices)} choix ; cinq au plus")
        table.done()
    return choices


def _gestures(files: _Files) -> tuple[Gesture, ...]:
    found: list[Gesture] = []
    for table in files.each("gestes.toml"):
        for below in table.tables("geste"):
            gesture = Gesture(read_season(below, "periode"), below.text("dire"))
            fault = Template(gesture.text).fault()
            if fault:
                below.wrong("dire", fault)
            below.done()
            found.append(gesture)
        table.done()
    return tuple(found)


def _marks(files: _Files) -> Mapping[str, tuple[str, ...]]:
    marks: dict[str, tuple[str, ...]] = {}
    for table in files.each("marques.toml"):
        for key in list(table.keys()):
            marks[key] = table.texts(key)
    return marks

"""Reads the menus of a base and of the profile above it; every mistake is told at once, in French.

Every ``*.toml`` of each folder is read. A later folder replaces a menu with the same id as a whole, and the common
sentences one by one. The format is described in the comments of the default files.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicebot.ivr_menus.check import Known, check_menus, reachable, spoken_seconds
from voicebot.ivr_menus.errors import MenuMistake, MenusRefused
from voicebot.ivr_menus.menus import BY_KEYS, CHOICE_KEYS, Choice, Do, Menu, MenuAction, Menus, Sentences

DEFAULT_MENUS = Path(__file__).resolve().parent
"""The folder of the default menus, to be given first."""

_ID = re.compile(r"[a-z][a-z0-9_]*")
_WITH_ID = (Do.INTENT, Do.FORM, Do.TRANSFER, Do.MENU, Do.LANGUAGE)
_ALONE = (Do.CALLBACK, Do.MESSAGE, Do.ADVISER, Do.BACK, Do.REPEAT)
_UNIVERSAL = {"conseiller": Do.ADVISER, "menu": Do.MENU, "repeter": Do.REPEAT, "retour": Do.BACK}
_SENTENCES = ("silence", "incompris", "au_revoir", "vers_conseiller")


def load_menus(
    folders: Sequence[Path], known: Known | None = None, seconds: Callable[[str], float] = spoken_seconds
) -> Menus:
    """Read and check the menus of ``folders``, the later ones over the earlier.

    ``known`` holds what the rest of the profile has, ``seconds`` estimates how long a text takes to say.

    Raises:
        MenusRefused: there is none, or what they say is wrong (every mistake is listed).
    """
    mistakes: list[MenuMistake] = []
    found = _Found()
    files = [path for folder in folders for path in sorted(folder.glob("*.toml"))]
    if not files:
        places = ", ".join(folder.name for folder in folders)
        raise MenusRefused([MenuMistake("menus", "", f"aucun fichier .toml dans : {places}")])
    for path in files:
        shown = _shown(path)
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            mistakes.append(MenuMistake(shown, "", "le fichier n’est pas enregistré en UTF-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            mistakes.append(MenuMistake(shown, "", f"le fichier ne peut pas être lu comme du TOML : {error}"))
        else:
            _read_document(_Table(document, (), shown, mistakes), found)
    menus = found.menus_together()
    if not mistakes:
        last = {_shown(path) for path in files if path.parent == files[-1].parent}
        own = [menu.id for menu in menus.menus.values() if menu.file in last]
        mistakes.extend(check_menus(menus, known or Known(), seconds, own))
    if mistakes:
        raise MenusRefused(mistakes)
    used = reachable(menus)
    return Menus({name: menu for name, menu in menus.menus.items() if name in used}, menus.sentences)


def _shown(path: Path) -> str:
    return "/".join(path.parts[-3:])


@dataclass(slots=True)
class _Found:
    """What the files say so far."""

    menus: dict[str, Menu] = field(default_factory=dict)
    sentences: dict[str, tuple[str, ...]] = field(default_factory=dict)
    words: dict[Do, tuple[str, ...]] = field(default_factory=dict)
    by_keys: dict[str, str] = field(default_factory=dict)

    def menus_together(self) -> Menus:
        def one(name: str) -> str:
            return " ".join(self.sentences.get(name, ()))

        return Menus(
            self.menus,
            Sentences(
                silences=self.sentences.get("silence", ()),
                misunderstandings=self.sentences.get("incompris", ()),
                goodbye=one("au_revoir"),
                to_adviser=one("vers_conseiller"),
                universal=self.words,
                by_keys=self.by_keys,
            ),
        )


class _Table:
    """One TOML table being read. Getters give a usable value and note what is wrong; ``done`` notes unknown keys."""

    def __init__(self, data: Mapping[str, Any], path: tuple[str, ...], file: str, mistakes: list[MenuMistake]) -> None:
        self.file = file
        self._data = data
        self._path = path
        self._mistakes = mistakes
        self._asked: set[str] = set()

    def wrong(self, key: str, message: str) -> None:
        self._mistakes.append(MenuMistake(self.file, ".".join((*self._path, key)).strip("."), message))

    def raw(self, key: str) -> Any:
        self._asked.add(key)
        return self._data.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            self.wrong(key, "un texte entre guillemets est attendu")
            return default or ""
        return " ".join(value.split())

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw(key)
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed or not all(isinstance(x, str) and x.strip() for x in listed):
            self.wrong(key, "une liste de textes non vides est attendue")
            return ()
        return tuple(" ".join(item.split()) for item in listed)

    def flag(self, key: str) -> bool:
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.wrong(key, "true ou false est attendu, sans guillemets")
        return value is True

    def seconds(self, key: str, default: float) -> float:
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 3 <= value <= 30:
            self.wrong(key, "un nombre de secondes entre 3 et 30 est attendu")
            return default
        return float(value)

    def table(self, key: str) -> "_Table | None":
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, f"une table [{key}] est attendue")
            return None
        return _Table(value, (*self._path, key), self.file, self._mistakes)

    def tables(self, key: str) -> list["_Table"]:
        value = self.raw(key)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.wrong(key, f"des tables [[{'.'.join((*self._path, key))}]] sont attendues")
            return []
        return [
            _Table(item, (*self._path, f"{key}.{number}"), self.file, self._mistakes)
            for number, item in enumerate(value, start=1)
        ]

    def names(self) -> list[str]:
        return list(self._data)

    def done(self) -> None:
        for key in self._data:
            if key not in self._asked:
                self.wrong(key, f"clé inconnue ; clés possibles : {', '.join(sorted(self._asked))}")


def _read_document(document: _Table, found: _Found) -> None:
    menus = document.table("menu")
    for name in menus.names() if menus else []:
        below = menus.table(name) if menus else None
        if below:
            if not _ID.fullmatch(name):
                below.wrong("", "le nom d’un menu s’écrit en minuscules sans accent, comme dechets")
            before = found.menus.get(name)
            if before and before.file.rpartition("/")[0] == below.file.rpartition("/")[0]:
                below.wrong("", f"ce menu est déjà écrit dans {before.file}")
            found.menus[name] = _read_menu(name, below)
    sentences = document.table("phrases")
    if sentences:
        found.sentences |= {name: sentences.texts(name) for name in sentences.names() if name in _SENTENCES}
        for name in _SENTENCES:
            sentences.raw(name)
        sentences.done()
    words = document.table("mots")
    if words:
        found.words |= {do: words.texts(name) for name, do in _UNIVERSAL.items() if name in words.names()}
        for name in _UNIVERSAL:
            words.raw(name)
        words.done()
    by_keys = document.table("touches")
    if by_keys:
        found.by_keys |= {name: by_keys.text(name) for name in by_keys.names() if name in BY_KEYS}
        for name in BY_KEYS:
            by_keys.raw(name)
        by_keys.done()
    document.done()


def _read_menu(name: str, table: _Table) -> Menu:
    menu = Menu(
        id=name,
        title=table.text("titre"),
        announcement=table.text("annonce"),
        choices=tuple(_read_choice(below) for below in table.tables("choix")),
        welcome=table.text("accueil", ""),
        root=table.flag("racine"),
        no_input_s=table.seconds("silence_s", 7.0),
        file=table.file,
    )
    table.done()
    return menu


def _read_choice(table: _Table) -> Choice:
    key = table.text("touche")
    if key and key not in list(CHOICE_KEYS):
        table.wrong("touche", "une touche de 1 à 9 est attendue ; 0, étoile et dièse servent partout ailleurs")
    name = table.text("nom")
    choice_id = table.text("id")
    if choice_id and not _ID.fullmatch(choice_id):
        table.wrong("id", "un identifiant s’écrit en minuscules sans accent, comme dechets")
    choice = Choice(choice_id, key, name, table.texts("dire"), _read_action(table, choice_id))
    table.done()
    return choice


def _read_action(table: _Table, choice_id: str) -> MenuAction:
    value = table.raw("faire")
    for do in _ALONE:
        if value == do.value:
            return MenuAction(do, choice=choice_id)
    below = table.table("faire") if isinstance(value, dict) else None
    named = [do for do in _WITH_ID if below is not None and do.value in below.names()]
    if below is None or len(named) != 1:
        alone = ", ".join(f'"{do.value}"' for do in _ALONE)
        tables = ", ".join(f"{{ {do.value} = … }}" for do in _WITH_ID)
        table.wrong("faire", f"choisir une action parmi : {alone}, {tables}")
        return MenuAction(Do.ADVISER, choice=choice_id)
    entities: dict[str, str] = {}
    if named[0] is Do.INTENT:
        inner = below.table("entites")
        entities = {key: inner.text(key) for key in inner.names()} if inner else {}
    action = MenuAction(named[0], below.text(named[0].value), entities, choice=choice_id)
    if action.do is Do.LANGUAGE and not re.fullmatch(r"[a-z]{2}", action.id):
        below.wrong(Do.LANGUAGE.value, "un code de langue de deux lettres est attendu, comme en")
    below.done()
    return action

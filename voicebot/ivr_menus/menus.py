"""Menus as values: what is announced, which choices there are, and what each one does."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from voicebot.ivr_menus.errors import UnknownMenu

CHOICE_KEYS = "123456789"
ADVISER_KEY, MENU_KEY, REPEAT_KEY = "0", "*", "#"
"""The keys that mean the same everywhere; a choice cannot have them."""

BY_KEYS = ("choix", "commune", "numero", "suite", "a_dire")
"""The kinds of question that keys answer: a choice, a commune, a number, anything else, what can only be said."""

VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class Do(Enum):
    """What an action asks for.

    The walk itself carries out ``MENU``, ``BACK``, ``REPEAT`` and ``RETRY``: its driver says ``says``, then the
    prompt. With all the others the menu is left: the driver says ``says`` and does the rest.
    """

    INTENT = "intention"
    FORM = "formulaire"
    TRANSFER = "transfert"
    MENU = "menu"
    LANGUAGE = "langue"
    CALLBACK = "rappel"
    MESSAGE = "message"
    ADVISER = "conseiller"
    BACK = "retour"
    REPEAT = "repeter"
    RETRY = "encore"
    GOODBYE = "au_revoir"

    @property
    def stays(self) -> bool:
        """Whether the caller is still in the menus."""
        return self in (Do.MENU, Do.BACK, Do.REPEAT, Do.RETRY)


@dataclass(frozen=True, slots=True)
class MenuAction:
    """What to do next. ``id`` is an intent, form, target, menu or two-letter language, after its kind.

    ``says`` comes first (an apology, a goodbye); ``choice`` is the id of the choice that led here, if any.
    """

    do: Do
    id: str = ""
    entities: Mapping[str, str] = field(default_factory=dict)
    says: str = ""
    choice: str = ""

    @property
    def stays(self) -> bool:
        """Whether the caller is still in the menus, and the prompt is to be said."""
        return self.do.stays


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice: its key, its name as announced, how callers say it, and what it does."""

    id: str
    key: str
    name: str
    texts: tuple[str, ...]
    action: MenuAction


@dataclass(frozen=True, slots=True)
class Menu:
    """One menu. ``welcome`` is said on arrival only; ``announcement`` each time, ``{choix}`` listing the choices.

    A ``root`` is where a call may begin. ``file`` is where it was read, for messages.
    """

    id: str
    title: str
    announcement: str
    choices: tuple[Choice, ...]
    welcome: str = ""
    root: bool = False
    no_input_s: float = 7.0
    file: str = ""

    def choice(self, choice_id: str) -> Choice | None:
        """Return the choice of this id."""
        return next((choice for choice in self.choices if choice.id == choice_id), None)

    def by_key(self, key: str) -> Choice | None:
        """Return the choice of this key."""
        return next((choice for choice in self.choices if choice.key == key), None)

    def prompt(self, *, arriving: bool = True) -> str:
        """Return what is said, its variables not yet replaced; the welcome only when ``arriving``."""
        return " ".join(self.prompts(arriving=arriving))

    def prompts(self, *, arriving: bool = True) -> tuple[str, ...]:
        """Return the prompt in its parts: the welcome, when ``arriving`` and there is one, and the announcement."""
        listed = " ; ".join(f"{choice.name}, {choice.key}" for choice in self.choices)
        announced = self.announcement.replace("{choix}", listed).strip()
        return (self.welcome, announced) if arriving and self.welcome else (announced,)


@dataclass(frozen=True, slots=True)
class Sentences:
    """What every menu says besides its prompt, and the words that work in all of them.

    ``by_keys`` tells a caller who presses keys which ones answer a question of the conversation (see ``BY_KEYS``).
    """

    silences: tuple[str, ...] = ()
    misunderstandings: tuple[str, ...] = ()
    goodbye: str = ""
    to_adviser: str = ""
    universal: Mapping[Do, tuple[str, ...]] = field(default_factory=dict)
    by_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Menus:
    """All the menus of a profile, valid together."""

    menus: Mapping[str, Menu]
    sentences: Sentences

    def menu(self, menu_id: str) -> Menu:
        """Return a menu.

        Raises:
            UnknownMenu: there is none with this id.
        """
        try:
            return self.menus[menu_id]
        except KeyError:
            raise UnknownMenu(f"pas de menu « {menu_id} » ; connus : {', '.join(self.menus)}") from None

    def roots(self) -> Iterator[Menu]:
        """Yield the menus a call may begin with."""
        return (menu for menu in self.menus.values() if menu.root)

    def texts(self) -> Iterator[str]:
        """Yield everything that can be said, variables not replaced, so that it can be rendered ahead of calls."""
        for menu in self.menus.values():
            yield from menu.prompts()
        yield from self.sentences.silences
        yield from self.sentences.misunderstandings
        yield from (self.sentences.goodbye, self.sentences.to_adviser, *self.sentences.by_keys.values())


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Return ``text`` with its variables replaced.

    Raises:
        KeyError: a variable has no value; the message names it.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in variables:
            raise KeyError(f"la variable {{{found[1]}}} n’a pas de valeur dans « {text[:60]} »")
        return variables[found[1]]

    return VARIABLE.sub(value, text)

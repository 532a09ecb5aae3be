"""One caller's way through the menus. Pure: keys, words and silences in, actions out; it cannot go on for ever.

The driver says ``prompt()``, waits as ``expect()`` tells, and gives what came to ``press``, ``heard`` or ``silence``.
While the action ``stays`` it says the action's ``says`` and the prompt again; otherwise the menus are left.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace

from voicebot.dialog.turns import Expect, Option
from voicebot.ivr_menus.matching import named_choice, spoken_key, universal_act
from voicebot.ivr_menus.menus import (
    ADVISER_KEY,
    MENU_KEY,
    REPEAT_KEY,
    Choice,
    Do,
    Menu,
    MenuAction,
    Menus,
    fill,
)

MAX_FAILURES = 3
"""Failures in a row (silence, or nothing understood) that end the menus."""
MAX_TURNS = 20
"""Turns without a result that end the menus, whatever they are: a machine that repeats itself is not a caller."""


class MenuWalk:
    """A walk through ``menus`` from ``start``; ``variables`` fill the prompts (``horaires``, ``site``...).

    Raises:
        UnknownMenu: there is no menu ``start``.
    """

    def __init__(self, menus: Menus, start: str, variables: Mapping[str, str] | None = None) -> None:
        self._menus = menus
        self._variables = dict(variables or {})
        self._path = [menus.menu(start)]
        self._arriving = True
        self._failures: list[Do] = []
        self._turns = 0
        self._adviser_tried = False

    def fork(self) -> "MenuWalk":
        """Return the same walk apart: steps taken in one are not taken in the other."""
        other = copy.copy(self)
        other._path = list(self._path)
        other._failures = list(self._failures)
        return other

    @property
    def menu(self) -> Menu:
        """The menu the caller is in."""
        return self._path[-1]

    @property
    def path(self) -> tuple[str, ...]:
        """The ids of the menus from the start to the present one."""
        return tuple(menu.id for menu in self._path)

    def prompt(self) -> str:
        """Return what to say now: with the welcome on arrival and when asked to repeat, without it after a failure.

        Raises:
            KeyError: a variable of the prompt was not given.
        """
        return " ".join(self.prompts())

    def prompts(self) -> tuple[str, ...]:
        """Return the prompt in its parts: the welcome, if it is to be said, and the announcement.

        Raises:
            KeyError: a variable of the prompt was not given.
        """
        return tuple(fill(text, self._variables) for text in self.menu.prompts(arriving=self._arriving))

    def expect(self) -> Expect:
        """Return what the menu waits for: its choices as options, the universal words as vocabulary."""
        options = tuple(
            Option(choice.id, (choice.name, *choice.texts), choice.name[:1].upper() + choice.name[1:], choice.key)
            for choice in self.menu.choices
        )
        phrases = tuple(word for words in self._menus.sentences.universal.values() for word in words)
        return Expect(options=options, phrases=phrases, no_input_s=self.menu.no_input_s)

    def press(self, key: str) -> MenuAction:
        """Take one key: 0, * and # mean adviser, menu and repeat everywhere."""
        everywhere = {ADVISER_KEY: Do.ADVISER, MENU_KEY: Do.MENU, REPEAT_KEY: Do.REPEAT}
        if key in everywhere:
            return self._universal(everywhere[key])
        choice = self.menu.by_key(key)
        return self._take(choice) if choice else self._failed(Do.RETRY)

    def recognises(self, words: str) -> bool:
        """Tell whether ``heard`` would act on these words; asked before the brain is, nothing changes."""
        return self._meaning(words) is not None

    def names(self, words: str) -> bool:
        """Tell whether the words are a choice by its announced name or its key, or work in every menu."""
        named = [replace(choice, texts=()) for choice in self.menu.choices]
        universal = universal_act(words, self._menus.sentences.universal)
        return bool(universal or spoken_key(words) or named_choice(words, named))

    def heard(self, words: str) -> MenuAction:
        """Take what was said: the id of an option that the recogniser chose, or words.

        Words that name no choice count as not understood: give free speech to the brain first.
        """
        meaning = self._meaning(words)
        if isinstance(meaning, Choice):
            return self._take(meaning)
        return self._universal(meaning) if meaning else self._failed(Do.RETRY)

    def silence(self) -> MenuAction:
        """Take that nothing came before the time-out."""
        return self._failed(Do.GOODBYE)

    def _meaning(self, words: str) -> Choice | Do | None:
        key = spoken_key(words)
        return (
            self.menu.choice(words)
            or universal_act(words, self._menus.sentences.universal)
            or (Do.ADVISER if key == ADVISER_KEY else self.menu.by_key(key))
            or named_choice(words, self.menu.choices)
        )

    def _take(self, choice: Choice) -> MenuAction:
        action = choice.action
        if action.do in (Do.BACK, Do.REPEAT):
            return self._universal(action.do, choice.id)
        if action.do is Do.MENU:
            self._path.append(self._menus.menu(action.id))
            self._arriving = True
            self._failures.clear()
            return self._count(action)
        return action

    def _universal(self, do: Do, choice: str = "") -> MenuAction:
        if do is Do.MENU:
            del self._path[1:]
        elif do is Do.BACK and len(self._path) > 1:
            self._path.pop()
        self._arriving = do is Do.REPEAT
        self._failures.clear()
        return self._count(MenuAction(do, self.menu.id if do.stays else "", choice=choice))

    def _count(self, action: MenuAction) -> MenuAction:
        self._turns += 1
        return action if self._turns < MAX_TURNS else self._give_up(spoke=True)

    def _failed(self, what: Do) -> MenuAction:
        """Count a failure: the second sentence is more explicit than the first, the third ends the menus."""
        self._failures.append(what)
        self._turns += 1
        if len(self._failures) >= MAX_FAILURES or self._turns >= MAX_TURNS:
            return self._give_up(spoke=Do.RETRY in self._failures)
        self._arriving = False
        sentences = self._menus.sentences
        told = sentences.silences if what is Do.GOODBYE else sentences.misunderstandings
        says = told[min(len(self._failures), len(told)) - 1] if told else ""
        return MenuAction(Do.RETRY, self.menu.id, says=fill(says, self._variables))

    def _give_up(self, *, spoke: bool) -> MenuAction:
        """End: someone who spoke is handed over, once; who says nothing, or comes back from there, hears goodbye."""
        self._failures.clear()
        sentences = self._menus.sentences
        if spoke and not self._adviser_tried:
            self._adviser_tried = True
            return MenuAction(Do.ADVISER, says=fill(sentences.to_adviser, self._variables))
        return MenuAction(Do.GOODBYE, says=fill(sentences.goodbye, self._variables))

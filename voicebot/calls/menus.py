"""The brain's conversation and the menus, as one dialogue for the telephone.

After hours a call begins in the after-hours menu; during the day the menu comes when it is asked for, or after turns
that were not understood. In a menu a key or a short choice is the menu's; anything else said is the brain's, which
leaves the menu when it understands. What a choice leads to is done by the brain, as if it had been asked for.
"""

import copy
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TypedDict

from voicebot.dialog.dialogue import Dialogue
from voicebot.dialog.turns import (
    Clarify,
    Dictation,
    Expect,
    HangUp,
    Heard,
    LeaveMessage,
    OpenMenu,
    Record,
    Reply,
    Say,
    Transfer,
)
from voicebot.ivr_menus import Do, MenuAction, Menus, MenuWalk
from voicebot.ivr_menus.menus import ADVISER_KEY, MENU_KEY
from voicebot.profile import DAY_MENU, NIGHT_MENU

_CALLBACK = "rappel"
"""The form that takes a callback."""

_SHORT_WORDS = 3
_SURE_CHOICE = 0.6
_LEAVING = (Transfer, HangUp)


@dataclass(frozen=True, slots=True)
class MenuSetting:
    """What the menus need of the world.

    ``open`` tells whether advisers can be reached now, ``variables`` what fills the prompts now (opening hours,
    website), ``vocabulary`` what a caller may say besides the choices, ``forms`` the ids of the forms there are.
    ``messages``: whoever uses the dialogue takes spoken messages (``LeaveMessage``); otherwise a callback is noted.
    """

    menus: Menus
    open: Callable[[], bool]
    variables: Callable[[], Mapping[str, str]]
    vocabulary: tuple[str, ...] = ()
    forms: Set[str] = frozenset()
    messages: bool = False


class GuidedDialogue:
    """One caller's conversation with the brain, guided by menus. Synchronous; called from one thread at a time."""

    def __init__(self, brain: Dialogue, setting: MenuSetting) -> None:
        self._brain = brain
        self._setting = setting
        self._walk: MenuWalk | None = None
        self._last = Reply(())
        self._by_keys = False

    @property
    def in_menu(self) -> bool:
        """Whether a menu is being served."""
        return self._walk is not None

    def fork(self) -> "GuidedDialogue":
        """Return the same conversation apart, its menu included."""
        other = copy.copy(self)
        other._brain = self._brain.fork()
        other._walk = None if self._walk is None else self._walk.fork()
        return other

    def greet(self) -> Reply:
        """Return the opening words: after hours, with the menu."""
        reply = self._note(self._brain.greet())
        if self._setting.open() or any(isinstance(action, _LEAVING) for action in reply.actions):
            return reply
        return self._enter(reply.says)

    def respond(self, heard: Heard) -> Reply:
        """Return the answer to one turn of the caller."""
        walk = self._walk
        self._by_keys = bool(heard.keys) or (heard.silent and self._by_keys)
        if walk is None:
            before = self._last.expect
            reply = self._from_brain(self._brain.respond(heard))
            return self._with_keys(reply) if heard.keys or _put_again(reply, before) else reply
        if heard.keys:
            return self._with_keys(self._follow(walk.press(heard.keys[0])))
        if heard.silent or not (heard.text.strip() or heard.choices):
            return self._follow(walk.silence())
        return self._said(walk, heard)

    def on_hold(self, queued: tuple[int, int | None] | None) -> Reply:
        """Return what to tell a caller who waits for an adviser, and what they may answer."""
        self._walk = None
        return self._note(self._brain.on_hold(queued))

    def returned(self, result: str) -> Reply:
        """Return what to say when a transfer failed and the caller is back."""
        self._walk = None
        reply = self._from_brain(self._brain.returned(result))
        return self._with_keys(reply) if self._by_keys else reply

    def left(self) -> tuple[Record, ...]:
        """Return what a caller who has hung up had said enough of to be kept."""
        return self._brain.left()

    def callback(self, *, by_keys: bool) -> Reply:
        """Begin to note a callback, telling which keys answer to a caller who uses them."""
        self._walk, self._by_keys = None, by_keys
        reply = self._from_brain(self._do(MenuAction(Do.CALLBACK)))
        return self._with_keys(reply) if by_keys else reply

    def go_on(self, says: Sequence[Say]) -> Reply:
        """Say ``says`` of something done for the caller, then go on with the conversation."""
        self._walk = None
        return self._from_brain(self._brain.go_on(says))

    # -- in a menu --------------------------------------------------------------------------------------------

    def _enter(self, says: Sequence[Say]) -> Reply:
        start = DAY_MENU if self._setting.open() else NIGHT_MENU
        self._walk = MenuWalk(self._setting.menus, start, self._setting.variables())
        # hours and website given are an answer
        return self._serve(self._walk, says, answered=bool(self._walk.menu.welcome))

    def _serve(self, walk: MenuWalk, says: Sequence[Say] = (), *, answered: bool = False) -> Reply:
        prompt = tuple(Say(text) for text in walk.prompts())
        self._brain.told(prompt)
        return Reply((*says, *prompt), expect=self._expect(walk), answered=answered, **manner_of(self._last))

    def _said(self, walk: MenuWalk, heard: Heard) -> Reply:
        """Take words: a bare choice is the menu's, else the brain's; the menu again where the brain is at a loss."""
        if _bare(walk, heard.text):
            return replace(self._follow(walk.heard(heard.text)), whole=True)
        reply = self._note(self._brain.respond(heard))
        doubtful = reply.lost or any(isinstance(action, Clarify) for action in reply.actions)
        choice = _chosen(walk, heard) if doubtful else ""
        if choice:
            return self._follow(walk.heard(choice))
        if reply.lost:
            return self._follow(walk.heard(""))
        if reply.aside:
            return replace(reply, expect=self._expect(walk))
        if any(isinstance(action, OpenMenu) for action in reply.actions):
            return self._follow(walk.press(MENU_KEY))
        self._walk = None
        return reply

    def _follow(self, action: MenuAction) -> Reply:
        says = (Say(action.says),) if action.says else ()
        if action.stays and self._walk is not None:
            return self._serve(self._walk, says)
        self._walk = None
        if action.do is Do.GOODBYE:
            return Reply(says, (HangUp(),), **manner_of(self._last))
        reply = self._from_brain(self._do(action))
        return replace(reply, says=(*says, *reply.says))

    def _do(self, action: MenuAction) -> Reply:
        """Have the brain do what a choice leads to."""
        brain, forms = self._brain, self._setting.forms
        match action.do:
            case Do.INTENT:
                reply = brain.pursue(action.id, action.entities)
                return replace(reply, intent=action.id, confidence=1.0, entities=dict(action.entities))
            case Do.FORM:
                return brain.fill(action.id)
            case Do.MESSAGE if self._setting.messages:
                return Reply((), (LeaveMessage(),), **manner_of(self._last))
            case Do.CALLBACK | Do.MESSAGE:
                return brain.fill(_CALLBACK) if _CALLBACK in forms else brain.pursue("conseiller")
            case Do.TRANSFER:
                return brain.hand_over(action.id)
            case Do.LANGUAGE:
                return brain.pursue("anglais")
        return brain.respond(Heard(keys=ADVISER_KEY))

    # -- outside ----------------------------------------------------------------------------------------------

    def _from_brain(self, reply: Reply) -> Reply:
        self._note(reply)
        if any(isinstance(action, OpenMenu) for action in reply.actions):
            menu = self._enter(reply.says)
            return replace(reply, says=menu.says, actions=(), expect=menu.expect)
        return reply

    def _with_keys(self, reply: Reply) -> Reply:
        """Add to a question which keys answer it, for a caller who uses them."""
        hint = "" if self._walk is not None else _hint(reply, self._setting.menus.sentences.by_keys)
        return replace(reply, says=(*reply.says, Say(hint))) if hint else reply

    def _note(self, reply: Reply) -> Reply:
        self._last = reply
        return reply

    def _expect(self, walk: MenuWalk) -> Expect:
        expect = walk.expect()
        wait_s = expect.no_input_s * (2 if self._last.patient else 1)
        return replace(expect, phrases=(*self._setting.vocabulary, *expect.phrases), no_input_s=wait_s)


class MannerOf(TypedDict):
    """How a caller is spoken to: fields of a ``Reply``."""

    pace: int
    gain_db: float
    patient: bool
    plain: bool


def manner_of(reply: Reply) -> MannerOf:
    """Return how the caller is spoken to, which holds from one reply to the next."""
    return MannerOf(pace=reply.pace, gain_db=reply.gain_db, patient=reply.patient, plain=reply.plain)


def _bare(walk: MenuWalk, words: str) -> bool:
    """Tell whether the words are a choice of the menu and little else: what is longer says more than a choice."""
    return len(words.split()) <= _SHORT_WORDS and walk.names(words)


def _put_again(reply: Reply, before: Expect) -> bool:
    """Tell whether a choice was not understood, or met with silence: keys are another way to answer it."""
    same = reply.expect.options == before.options and reply.expect.slot == before.slot
    return same and not reply.aside and not reply.expect.more and any(option.key for option in before.options)


def _hint(reply: Reply, told: Mapping[str, str]) -> str:
    """Return which keys answer the question that ``reply`` ends with; empty when they have been said."""
    expect = reply.expect
    if not reply.says or any(isinstance(action, _LEAVING) for action in reply.actions):
        return ""
    keyed = [f"{option.label or option.texts[0]}, {option.key}" for option in expect.options if option.key]
    if keyed:
        if keyed[0] in reply.text or len(keyed) == 1:
            return ""
        return told["choix"].replace("{choix}", " ; ".join(choice[:1].lower() + choice[1:] for choice in keyed))
    if expect.slot == "commune":
        return told["commune"]
    if expect.dictation is Dictation.DIGITS:
        return told["numero"]
    if expect.more:
        return told["suite"]
    return told["a_dire"] if expect.slot else ""


def _chosen(walk: MenuWalk, heard: Heard) -> str:
    """Return the choice that the words or the recogniser's scores name, if any."""
    if walk.recognises(heard.text):
        return heard.text
    known = {option.id for option in walk.expect().options}
    best = max(((score, name) for name, score in heard.choices if name in known), default=(0.0, ""))
    return best[1] if best[0] >= _SURE_CHOICE else ""

"""One white-label profile: a community's folder of data, checked as a whole and ready to answer.

A profile extends ``profiles/base``, the common ground of every community, and overrides it by id. Nothing here is
read twice: understanding, knowledge and opening hours are loaded together, so that a bad edit anywhere refuses the
whole and the version in service stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from voicebot.dialog.brain import Brain
from voicebot.dialog.errors import ContentRefused
from voicebot.dialog.knowledge.check import INTENTS
from voicebot.dialog.knowledge.identity import Target
from voicebot.dialog.knowledge.load import load_knowledge
from voicebot.dialog.knowledge.model import Knowledge
from voicebot.dialog.nlu.data import NluData, load_nlu_data
from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.errors import NluDataError
from voicebot.dialog.nlu.semantic import Semantic
from voicebot.hours import HoursRefused, OpeningHours, load_hours
from voicebot.hours.words import Spans
from voicebot.ivr_menus import DEFAULT_MENUS, LONGEST_VALUES, Known, MenuMistake, Menus, MenusRefused, load_menus
from voicebot.telephony.base import TransferMode, TransferOrder

BASE = "base"
ADVISERS = "conseillers"
RECEPTION = "accueil"
MENUS = "menus"
DAY_MENU, NIGHT_MENU = "jour", "nuit"
"""The menus a call may begin with, during opening hours and after."""
_A_YEAR = date(2026, 1, 1)


class ProfileError(Exception):
    """A profile that cannot be used; the message lists every mistake with its file, one a line."""

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The mistakes, one a text."""
        return tuple(str(self).splitlines())


@dataclass(frozen=True, slots=True)
class Profile:
    """One community, loaded and checked."""

    name: str
    knowledge: Knowledge
    understander: NluEngine
    hours: OpeningHours
    brain: Brain
    menus: Menus

    def advisers_open(self, at: datetime) -> bool:
        """Return whether advisers can be reached at ``at``."""
        return self.hours.calendar(ADVISERS).is_open(at)

    def opening_words(self, at: datetime) -> str:
        """Return the advisers' next opening after ``at`` in spoken French."""
        return self.hours.calendar(ADVISERS).next_opening_words(at)

    def weekly_hours(self, day: date) -> str:
        """Return the reception's opening hours of the week of ``day`` in spoken French."""
        return self.hours.calendar(RECEPTION).weekly_words(day)

    def hours_on(self, day: date) -> Spans:
        """Return when the reception is open on ``day``, in minutes after midnight."""
        return self.hours.calendar(RECEPTION).spans(day)

    def menu_variables(self, at: datetime) -> Mapping[str, str]:
        """Return what fills the prompts of the menus at ``at``."""
        identity = self.knowledge.identity
        site = identity.facts["site"]
        return {
            "horaires": self.weekly_hours(at.date()),
            "reouverture": self.opening_words(at),
            "site": site.spoken or site.value,
            "service": identity.service,
            "assistante": identity.assistant,
        }

    def target_open(self, target: str, at: datetime) -> bool:
        """Return whether ``target`` can be reached at ``at``; never when the profile does not know it."""
        found = self.target(target)
        return found is not None and (found.always or self.hours.calendar(found.calendar).is_open(at))

    def target(self, target: str) -> Target | None:
        """Return what the profile says of ``target``; ``None`` when it does not know it."""
        return next((one for one in self.knowledge.identity.targets if one.id == target), None)

    def orders(self, target: str) -> tuple[TransferOrder, ...]:
        """Return where ``target`` can be reached: each place in turn, by each mode in the order of preference.

        Places that ring together are one order; a blind transfer, which rings one place, has an order for each.
        """
        found = self.target(target)
        if found is None:
            return ()
        modes = tuple(map(TransferMode, found.modes or self.knowledge.identity.policy.transfer_modes))
        if found.parallel:
            first, *others = found.uris
            return tuple(
                TransferOrder(uri, mode, found.ring_s, also=also)
                for mode in modes
                for uri, also in (
                    [(uri, ()) for uri in found.uris] if mode is TransferMode.BLIND else [(first, tuple(others))]
                )
            )
        return tuple(TransferOrder(uri, mode, found.ring_s) for uri in found.uris for mode in modes)


def profile_folders(name: str, profiles_dir: Path) -> tuple[Path, ...]:
    """Return the folders of profile ``name``, general ones first.

    Raises:
        ProfileError: there is no such profile.
    """
    folder = profiles_dir / name
    if name == BASE or not (folder / "profile.toml").is_file():
        there = sorted(path.parent.name for path in profiles_dir.glob("*/profile.toml") if path.parent.name != BASE)
        raise ProfileError(f"no profile {name!r} in {profiles_dir} (there are: {', '.join(there) or 'none'})")
    return (profiles_dir / BASE, folder)


def load_profile(
    name: str, profiles_dir: Path, cache_dir: Path | None = None, semantic: Semantic | None = None
) -> Profile:
    """Load and check profile ``name``. What understanding learns from the data is kept in ``cache_dir``.

    Raises:
        ProfileError: with every mistake found in its files and in those it extends.
    """
    content = _read_content(profile_folders(name, profiles_dir))
    understander = NluEngine(content.words, semantic, cache_dir)
    brain = Brain(content.knowledge, understander)
    return Profile(name, content.knowledge, understander, content.hours, brain, content.menus)


def check_profile(name: str, profiles_dir: Path) -> None:
    """Read everything ``load_profile`` reads, and learn nothing from it.

    Raises:
        ProfileError: with every mistake found in its files and in those it extends.
    """
    _read_content(profile_folders(name, profiles_dir))


def load_menus_of(name: str, profiles_dir: Path) -> Menus:
    """Return the menus of profile ``name``, its other files checked too.

    Raises:
        ProfileError: with every mistake found in its files and in those it extends.
    """
    return _read_content(profile_folders(name, profiles_dir)).menus


@dataclass(frozen=True, slots=True)
class _Content:
    """What the files of a profile say."""

    knowledge: Knowledge
    words: NluData
    hours: OpeningHours
    menus: Menus


def _read_content(folders: tuple[Path, ...]) -> _Content:
    faults: list[str] = []
    knowledge = words = hours = None
    try:
        knowledge = load_knowledge(folders)
    except ContentRefused as error:
        faults.append(str(error))
    try:
        words = load_nlu_data(folders)
    except NluDataError as error:
        faults.append(str(error))
    try:
        hours = load_hours(folders)
    except HoursRefused as error:
        faults.append(str(error))
    if knowledge is None or words is None or hours is None:
        raise ProfileError("\n".join(faults))
    lost = [target for target in knowledge.identity.targets if target.calendar not in hours.ids]
    if lost:
        file, known = folders[-1] / "profile.toml", ", ".join(hours.ids)
        told = (f"{file}:{one.line}: cible {one.id}: pas de calendrier « {one.calendar} » ({known})" for one in lost)
        raise ProfileError("\n".join(told))
    try:
        menus = _load_menus(folders, knowledge, hours)
    except MenusRefused as error:
        raise ProfileError(str(error)) from error
    return _Content(knowledge, words, hours, menus)


def _load_menus(folders: Sequence[Path], knowledge: Knowledge, hours: OpeningHours) -> Menus:
    """Load the default menus, then those of the folders over them; judged with this profile's own words."""
    identity = knowledge.identity
    site = identity.facts["site"]
    variables = {
        **LONGEST_VALUES,
        "site": site.spoken or site.value,
        "service": identity.service,
        "assistante": identity.assistant,
        "horaires": _longest_hours(hours),
    }
    known = Known(set(INTENTS), knowledge.forms.keys(), {target.id for target in identity.targets}, variables)
    own = [folder / MENUS for folder in folders if (folder / MENUS).is_dir()]
    menus = load_menus([DEFAULT_MENUS, *own], known)
    roots = {menu.id for menu in menus.roots()}
    missing = [name for name in (DAY_MENU, NIGHT_MENU) if name not in roots]
    if missing:
        raise MenusRefused(
            [MenuMistake(MENUS, name, "ce menu de départ est obligatoire (racine = true)") for name in missing]
        )
    return menus


def _longest_hours(hours: OpeningHours) -> str:
    """Return the longest way the opening hours are told over a year: seasons and holidays come every year."""
    reception = hours.calendar(RECEPTION)
    return max((reception.weekly_words(_A_YEAR + timedelta(days=day)) for day in range(366)), key=len)


def profile_names(profiles_dir: Path) -> tuple[str, ...]:
    """Return the profiles there are, ``base`` left out."""
    return tuple(sorted(path.parent.name for path in profiles_dir.glob("*/profile.toml") if path.parent.name != BASE))

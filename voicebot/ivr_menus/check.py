"""What makes menus good as a whole: no dead end, nothing unreachable, short, and everything they name exists."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import dataclass, field

from voicebot.ivr_menus.errors import MenuMistake
from voicebot.ivr_menus.matching import fold, spoken_key
from voicebot.ivr_menus.menus import BY_KEYS, VARIABLE, Do, Menu, Menus

MAX_CHOICES = 5
MAX_DEPTH = 3
MAX_PROMPT_S = 20.0

_CHARACTERS_PER_S = 14.0
"""French read at the pace of a telephone announcement."""

LONGEST_VALUES: Mapping[str, str] = {
    "horaires": "du lundi au vendredi de neuf heures à dix-sept heures, et le samedi de neuf heures à midi",
    "reouverture": "mercredi vingt-quatre novembre à quatorze heures trente",
    "site": "cœur côte fleurie point org",
    "service": "le service de l’environnement",
    "assistante": "Sophie",
}
"""The variables of the prompts, with values as long as they get."""


def spoken_seconds(text: str) -> float:
    """Return about how long ``text`` takes to say, in seconds."""
    return len(text) / _CHARACTERS_PER_S


@dataclass(frozen=True, slots=True)
class Known:
    """What the rest of the profile has; ``None`` means that it is not known here, so not checked.

    ``variables`` maps those that prompts may hold to the longest value each can take.
    """

    intents: Set[str] | None = None
    forms: Set[str] | None = None
    targets: Set[str] | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: dict(LONGEST_VALUES))


def check_menus(
    menus: Menus, known: Known, seconds: Callable[[str], float], own: Collection[str] | None = None
) -> list[MenuMistake]:
    """Return every mistake of ``menus``.

    ``own`` are the ids that must be reachable (all by default): what a profile has stopped using of its base need not.
    """
    found = list(_sentence_mistakes(menus, known, seconds))
    for menu in menus.menus.values():
        found.extend(_menu_mistakes(menu, menus, known, seconds))
    if not any(menus.roots()):
        found.append(
            MenuMistake("menus", "racine", "aucun menu n’est au départ : écrire racine = true dans l’un d’eux")
        )
    # The shape can only be judged once every menu that is named exists.
    if all(target in menus.menus for menu in menus.menus.values() for target in following(menu)):
        found.extend(_shape_mistakes(menus, own if own is not None else menus.menus))
    return found


def following(menu: Menu) -> Iterator[str]:
    """Yield the ids of the menus that the choices of ``menu`` lead to."""
    return (choice.action.id for choice in menu.choices if choice.action.do is Do.MENU)


def reachable(menus: Menus) -> set[str]:
    """Return the ids of the menus that can be reached from a root."""
    waiting, seen = [menu.id for menu in menus.roots()], set[str]()
    while waiting:
        menu_id = waiting.pop()
        if menu_id not in seen and menu_id in menus.menus:
            seen.add(menu_id)
            waiting.extend(following(menus.menus[menu_id]))
    return seen


def _sentence_mistakes(menus: Menus, known: Known, seconds: Callable[[str], float]) -> Iterator[MenuMistake]:
    sentences = menus.sentences
    for name, text in sentences.by_keys.items():
        yield from _variable_mistakes("menus", f"touches.{name}", text.replace("{choix}", ""), known)
    for name in BY_KEYS:
        if name not in sentences.by_keys:
            yield MenuMistake("menus", f"touches.{name}", "cette phrase manque")
    required = {
        "silence": sentences.silences,
        "incompris": sentences.misunderstandings,
        "au_revoir": sentences.goodbye,
        "vers_conseiller": sentences.to_adviser,
    }
    for name, told in required.items():
        if not told:
            yield MenuMistake("menus", f"phrases.{name}", "cette phrase manque")
        for text in (told,) if isinstance(told, str) else told:
            yield from _variable_mistakes("menus", f"phrases.{name}", text, known)
            if seconds(_sample(text, known)) >= MAX_PROMPT_S:
                yield MenuMistake("menus", f"phrases.{name}", f"cette phrase dure plus de {MAX_PROMPT_S:g} secondes")


def _menu_mistakes(menu: Menu, menus: Menus, known: Known, seconds: Callable[[str], float]) -> Iterator[MenuMistake]:
    here = f"menu.{menu.id}"
    if not 1 <= len(menu.choices) <= MAX_CHOICES:
        yield MenuMistake(menu.file, f"{here}.choix", f"{len(menu.choices)} choix : il en faut de 1 à {MAX_CHOICES}")
    yield from _choice_mistakes(menu, menus, known)
    for key, text in (("accueil", menu.welcome), ("annonce", menu.announcement)):
        yield from _variable_mistakes(menu.file, f"{here}.{key}", text.replace("{choix}", ""), known)
    if "{choix}" not in menu.announcement:
        announced = set(re.findall(r"\d", menu.announcement))
        for choice in menu.choices:
            if choice.key not in announced:
                message = f"la touche {choice.key} n’est pas annoncée ; la dire, ou écrire {{choix}}"
                yield MenuMistake(menu.file, f"{here}.annonce", message)
    yield from _length_mistakes(menu, menus, known, seconds)


def _length_mistakes(menu: Menu, menus: Menus, known: Known, seconds: Callable[[str], float]) -> Iterator[MenuMistake]:
    short = menu.prompt(arriving=False)
    again = (*menus.sentences.silences, *menus.sentences.misunderstandings)
    for text in (menu.prompt(), *(f"{sentence} {short}" for sentence in again)):
        length_s = seconds(_sample(text, known))
        if length_s >= MAX_PROMPT_S:
            message = f"« {text[:40]}… » dure {length_s:.1f} secondes : moins de {MAX_PROMPT_S:g} sont permises"
            yield MenuMistake(menu.file, f"menu.{menu.id}.annonce", message)
            return


def _choice_mistakes(menu: Menu, menus: Menus, known: Known) -> Iterator[MenuMistake]:
    said: dict[str, str] = {}
    universal = {fold(word) for words in menus.sentences.universal.values() for word in words}
    for number, choice in enumerate(menu.choices, start=1):
        here = f"menu.{menu.id}.choix.{number}"
        for other in menu.choices[: number - 1]:
            if other.key == choice.key:
                yield MenuMistake(menu.file, f"{here}.touche", f"la touche {choice.key} sert déjà à « {other.name} »")
            if other.id == choice.id:
                yield MenuMistake(menu.file, f"{here}.id", f"l’identifiant {choice.id} sert déjà à « {other.name} »")
        for label in sorted({fold(text) for text in (choice.name, *choice.texts)}):
            if said.setdefault(label, choice.id) != choice.id:
                yield MenuMistake(menu.file, f"{here}.dire", f"« {label} » se dit déjà pour un autre choix")
            if not label or label in universal or spoken_key(label):
                yield MenuMistake(menu.file, f"{here}.dire", f"« {label} » ne peut pas nommer un choix")
        yield from _action_mistakes(menu, here, number - 1, menus, known)


def _action_mistakes(menu: Menu, here: str, position: int, menus: Menus, known: Known) -> Iterator[MenuMistake]:
    action = menu.choices[position].action
    sets: dict[Do, Set[str] | None] = {
        Do.INTENT: known.intents,
        Do.FORM: known.forms,
        Do.TRANSFER: known.targets,
        Do.MENU: menus.menus.keys(),
    }
    allowed = sets.get(action.do)
    if allowed is not None and action.id not in allowed:
        listed = ", ".join(sorted(allowed)) or "aucun"
        yield MenuMistake(
            menu.file, f"{here}.faire.{action.do.value}", f"« {action.id} » n’existe pas ; connus : {listed}"
        )
    if action.do is Do.BACK and menu.root:
        yield MenuMistake(menu.file, f"{here}.faire", "un menu de départ n’a pas de retour")


def _shape_mistakes(menus: Menus, own: Collection[str]) -> Iterator[MenuMistake]:
    seen = reachable(menus)
    for menu in menus.menus.values():
        here = f"menu.{menu.id}"
        if menu.id not in seen and menu.id in own:
            yield MenuMistake(menu.file, here, "aucun choix ne mène à ce menu, et il n’est pas au départ")
        if not _ends(menu, menus, frozenset()):
            yield MenuMistake(menu.file, here, "ce menu est une impasse : aucun de ses choix ne donne de réponse")
    for root in menus.roots():
        yield from _way_mistakes(root, menus, ())


def _ends(menu: Menu, menus: Menus, above: frozenset[str]) -> bool:
    if menu.id in above:
        return False
    below = above | {menu.id}
    return any(not choice.action.stays for choice in menu.choices) or any(
        _ends(menus.menus[target], menus, below) for target in following(menu)
    )


def _way_mistakes(menu: Menu, menus: Menus, above: tuple[str, ...]) -> Iterator[MenuMistake]:
    way = (*above, menu.id)
    told = " → ".join(way)
    if menu.id in above:
        yield MenuMistake(menu.file, f"menu.{menu.id}", f"ces menus tournent en rond : {told} ; utiliser retour")
    elif len(way) > MAX_DEPTH:
        yield MenuMistake(menu.file, f"menu.{menu.id}", f"trop profond : {told} ; {MAX_DEPTH} niveaux au plus")
    else:
        for target in following(menu):
            yield from _way_mistakes(menus.menus[target], menus, way)


def _variable_mistakes(file: str, key: str, text: str, known: Known) -> Iterator[MenuMistake]:
    for name in VARIABLE.findall(text):
        if name not in known.variables:
            listed = ", ".join(sorted(known.variables))
            yield MenuMistake(file, key, f"la variable {{{name}}} n’existe pas ; connues : {listed}")
    if set("{}") & set(VARIABLE.sub("", text)):
        yield MenuMistake(file, key, "une accolade n’est pas à sa place ; une variable s’écrit {site}")


def _sample(text: str, known: Known) -> str:
    return VARIABLE.sub(lambda found: known.variables.get(found[1], ""), text)

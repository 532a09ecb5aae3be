"""Reading a turn in its context: what is denied, what is left unsaid, where a second request begins."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.dialog.nlu.base import Background
from voicebot.dialog.nlu.entities.dates import find_date
from voicebot.dialog.nlu.entities.finder import EntityFinder
from voicebot.dialog.nlu.entities.flux import Found
from voicebot.dialog.nlu.entities.objects import DETERMINERS
from voicebot.dialog.nlu.lexicon import LINKS
from voicebot.dialog.nlu.normalise import Utterance, Word, normalise, simplify, stem, word_set

_EMPTY = word_set(
    "et pour a au aux le la les l de du des d un une mon ma mes non oui ok plutot alors sinon dans "
    "ce cas c est ca en sur "
    "pas sera serait etait ou bien meme aussi chez je suis j habite voulais veux dire parle parlais moi nous mais donc "
    "enfin s il vous plait svp merci la-bas cote niveau concernant quant par contre maintenant juste pareil question "
    "est-ce que qu quand comment ouais oh ah pardon excusez desole desolee euh commune ville "
    "poubelle bac poubelles bacs "
    "vous t on y ici n ne autre celle celui celles ceux"
)
_JOINTS = (
    ("et", "aussi"), ("et", "puis"), ("et", "egalement"), ("et", "sinon"), ("et", "autre", "chose"),
    ("autre", "chose"), ("par", "ailleurs"), ("en", "plus"), ("et", "est", "ce", "que"), ("et", "je"), ("et", "j"),
    ("et", "ensuite"), ("ensuite",), ("et", "comment"), ("et", "ou"), ("et", "quand"), ("et", "a", "quelle"),
    ("et", "quels"), ("et", "quel"), ("et", "combien"), ("et", "il"), ("et", "y"), ("et", "pour"), ("sinon",),
    ("et", "vous"), ("et", "la"), ("et", "le"), ("et", "les"), ("et", "mon"), ("et", "ma"), ("puis",), ("et",),
)  # fmt: skip
_SHORTEST_HALF = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """A turn ready to be understood.

    ``elliptic`` is ``(intent, entities)`` when only entities were said and the intent is the background's; ``halves``
    are the ways of cutting the turn in two requests, best first.
    """

    utterance: Utterance
    elliptic: tuple[str, dict[str, str]] | None = None
    halves: tuple[tuple[Utterance, Utterance], ...] = ()


def read_turn(text: str, background: Background, finder: EntityFinder) -> Reading:
    """Return ``text`` normalised, without what it denies, with its ellipsis resolved and its possible halves."""
    utterance = finder.repaired(without_denied(normalise(text)))
    return Reading(utterance, _ellipsis(utterance, background, finder), _halves(utterance))


def without_denied(utterance: Utterance) -> Utterance:
    """Return the utterance without a contrasted denial: "pas la déchèterie, le ramassage" -> "le ramassage".

    Only "pas" followed by a determiner and leading a contrast is a denial of this kind; "n'a pas été ramassé" is the
    request itself.
    """
    words = utterance.words
    for index, word in enumerate(words):
        if word.plain != "pas" or index + 2 >= len(words):
            continue
        start = index
        while start > 0 and words[start - 1].plain in _LEAD and not words[start].after_break:
            start -= 1
        if not _contrastive(words, start, index):
            continue
        end = index + 1
        while end < len(words) and not (end > index + 2 and _turns_to_another(words, start, end)):
            end += 1
        if end >= len(words):
            if start >= _SHORTEST_HALF and words[start].plain != "ou":
                kept = words[:start]
            else:
                continue
        else:
            while end < len(words) and words[end].plain in ("mais", "plutot"):
                end += 1
            kept = (*words[:start], *words[end:])
        if len([w for w in kept if w.plain not in _EMPTY]) >= 1:
            return Utterance(utterance.clean, tuple(kept))
    return utterance


def _turns_to_another(words: tuple[Word, ...], start: int, end: int) -> bool:
    """Tell whether what is denied is over at ``end``: a break, a turn, or another noun with its article.

    Without a break ("pas la déchèterie le ramassage") only a denial that opens the turn is answered by the next noun.
    """
    word, before = words[end], words[end - 1].plain
    if word.after_break or word.plain in _TURNS:
        return True
    led = words[start:end]
    particle = next((w.plain for w in led[[w.plain for w in led].index("pas") + 1 :]), "")
    if particle in _PLACES and word.plain in _PLACES and before not in LINKS:
        return True
    opens = start == 0 and not {"bon", "bonne", "peine", "meme"}.intersection(w.plain for w in words[:end])
    return opens and word.plain in _DEFINITE and before not in LINKS and before not in _AFTER_PAS


_PLACES = ("a", "au", "aux")
_DEFINITE = ("le", "la", "les", "l")
_LEAD = word_set("c est ce n non je ne parle parlais demande veux voulais")
_TURNS = word_set("mais plutot c je moi")
_AFTER_PAS = word_set("le la les l du des pour a au aux celle celui mon ma mes de d dans")


def _contrastive(words: tuple[Word, ...], start: int, index: int) -> bool:
    """Tell whether the "pas" at ``index`` opens a contrast."""
    following = words[index + 1].plain
    if following not in _AFTER_PAS:
        return False
    before = [word.plain for word in words[start:index]]
    if following in ("de", "d") and not {"parle", "parlais", "demande"}.intersection(before):
        return False
    if index > 0 and not before and not words[index].after_break:
        previous = words[index - 1].plain
        return previous in ("non", "et", "mais") or start == 0
    return True


def _ellipsis(utterance: Utterance, background: Background, finder: EntityFinder) -> tuple[str, dict[str, str]] | None:
    """Return the background's intent and the entities said, when nothing but entities was said."""
    intent = background.intent
    if intent is None or not utterance.words or len(utterance.words) > 12:
        return None
    found = finder.sketch(utterance)
    covered = {i for first, last in found.towns for i in range(first, last)}
    covered |= {i for item in found.flux for i in range(item.first, item.last)}
    left = [w for i, w in enumerate(utterance.words) if i not in covered and w.plain not in _EMPTY]
    values = finder.values(utterance, found, intent, background.now)
    dated = {name for name in ("date", "heure") if name in values}
    if dated and find_date(" ".join(w.text for w in left), background.now) is None:
        dated = {name for name in dated if name != "date"}
    left = [w for w in left if not (dated and _is_temporal(w))]
    said = {name: value for name, value in values.items() if name in ("commune", "hors_territoire", "flux", "public")}
    said |= {name: values[name] for name in dated}
    if intent in _OF_PLACES and "adresse" in values:
        place = simplify(values["adresse"]).split()
        left = [w for w in left if w.plain not in place]
        said["adresse"] = values["adresse"]
    if left and "public" in said and len(left) <= 2:
        left = [w for w in left if not finder.publics.find(Utterance(w.text, (w,)))]
    if left and intent in _OF_OBJECTS:
        objects = [o for o in finder.objects.find(utterance, by_sound=False) if _may_be_thrown(utterance, o, finder)]
        spans = [range(o.first, _complemented(utterance.words, o.last)) for o in objects]
        rest = [w for w in left if not any(utterance.words.index(w) in span for span in spans)]
        if objects and not rest and utterance.words[0].plain in (*_OPENINGS, *_ARTICLES):
            return _OF_OBJECTS[intent], {"objet": objects[0].value}
    if intent in ("tri.objet", "tri.compost") and not left and found.flux:
        words = [w for i, w in enumerate(utterance.words) if i in covered]
        return "tri.objet", {"objet": finder.objects.canonical(" ".join(w.text for w in words)) or words[-1].text}
    return None if left or not said else (intent, said)


def bare_subject(utterance: Utterance, finder: EntityFinder) -> tuple[str, ...]:
    """Return the stems of what the turn is about when it says nothing of it ("je voudrais savoir pour les poubelles").

    Towns and the words that only lead to a subject are left out.
    """
    towns = {i for place in finder.communes.find(utterance) for i in range(place.first, place.last)}
    said = [w.plain for i, w in enumerate(utterance.words) if i not in towns]
    return tuple(stem(word) for word in said if word not in _APPROACH)


def names_an_object(utterance: Utterance, finder: EntityFinder) -> bool:
    """Tell whether one object of the sorting guide, with its article, is all that was said."""
    objects = finder.objects.guide(utterance)
    covered = {i for item in objects[:1] for i in range(item.first, item.last)}
    return bool(objects) and all(i in covered or w.plain in _OBJECT_FRAME for i, w in enumerate(utterance.words))


def tells_of_an_object(utterance: Utterance, things: Sequence[tuple[int, int]]) -> bool:
    """Tell whether the turn is one noun group about an object ("*mon oreiller* en plumes", "un tas de *parpaings*").

    Nothing is asked of it and it does nothing: who names an object to this service wants to be rid of it.

    Args:
        utterance: the turn.
        things: the spans of the objects of the sorting guide, as ``Entities.things``.
    """
    words = utterance.words
    first, last = things[0] if things else (0, 0)
    lead, tail = words[:first], words[last:]
    if not things or len(lead) > _LONGEST_LEAD or len(tail) > _LONGEST_TAIL:
        return False
    if not all(word.plain in _GROUP_LEAD for word in lead):
        return False
    if tail and not (tail[0].plain in _COMPLEMENTS or _PARTICIPLE.search(tail[0].text)):
        return False  # what follows may be a verb: "mon téléviseur grésille"
    for word in tail:
        if word.plain in _RELATIVES:
            return True
        if word.plain in _SAYING or word.after_break:
            return False
    return True


def _may_be_thrown(utterance: Utterance, item: Found, finder: EntityFinder) -> bool:
    """Tell an object from the subject of another request ("et les horaires de la déchetterie")."""
    words = [w.plain for w in utterance.words[item.first : item.last] if w.plain not in LINKS]
    return item in finder.objects.guide(utterance) or not finder.requests.intersection(words)


_APPROACH = (_EMPTY - word_set("poubelle poubelles bac bacs ou quand comment pas chez niveau cote")) | word_set(
    "bonjour bonsoir voudrais voudrai aimerais veut sais savoir appelle appeler appelais rapport renseignement "
    "renseignements renseigner information informations sujet propos question questions demander besoin avoir ai a "
    "madame monsieur allo viens telephone une"
)
_OBJECT_FRAME = DETERMINERS | word_set("bonjour c est pour j ai et s il vous plait svp merci vide pleine")
_GROUP_LEAD = (_OBJECT_FRAME - {"pour", "c", "est"}) | word_set(
    "de d bout bouts morceau morceaux tas lot lots reste restes sac sacs carton cartons seau seaux caisse fond espece "
    "sorte genre paquet pile vieux vieil vieille vieilles"
)
_COMPLEMENTS = word_set(
    "de du des d en a au aux avec sans tout toute tous toutes plus pas trop qui que qu dont hors neuf neuve neufs "
    "neuves vide vides sale sales electrique electriques jetable jetables mort morte morts mortes tordu tordue "
    "gonflable moisi"
)
_PARTICIPLE = re.compile(r"(?:é|ée|és|ées|ue|ues|us)$")
_RELATIVES = ("qui", "que", "qu", "dont")
_SAYING = word_set(
    "je j tu il elle on nous vous ils elles c ce ca y n ne me m te t se s est sont etait a ont avait va vont fait font "
    "ou quand comment combien quel quelle quels quelles quoi pourquoi lequel laquelle peut peux peuvent pouvez dois "
    "doit faut avez avons as suis sera serait coute coutent vaut valent marche ouvre ferme passe sur"
)
_LONGEST_LEAD = 7
_LONGEST_TAIL = 8
_OPENINGS = ("et", "pour", "ou", "alors", "non", "pardon", "mais", "plutot", "sinon")
_OF_OBJECTS = {
    "tri.objet": "tri.objet",
    "tri.consignes": "tri.objet",
    "tri.compost": "tri.objet",
    "decheterie.acces": "tri.objet",
    "encombrants.rdv": "encombrants.rdv",
}
"""What an object alone asks after each of these intents: after the rules of sorting, where that one goes."""
_OF_PLACES = ("signalement.depot_sauvage", "signalement.point_plein", "eau.fuite", "assainissement.probleme")


def _complemented(words: tuple[Word, ...], last: int) -> int:
    """Return the end of a noun that ends at ``last``, its complement included ("la litière *du chat*")."""
    if last + 1 < len(words) and words[last].plain in ("de", "du", "des", "d", "en"):
        last += 1
        while last + 1 < len(words) and words[last].plain in LINKS:
            last += 1
        return last + 1
    return last


_ARTICLES = ("le", "la", "les", "l", "un", "une", "des", "du", "mon", "ma", "mes")
_TEMPORAL = re.compile(
    r"^(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|demain|hier|aujourd|hui|matin|matinee|"
    r"soir|soiree|apres|midi|"
    r"semaine|mois|prochaine?|derniere?|janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|"
    r"decembre|premier|heures?|h|\d+.*|week|weekend|end|jours?|huit|quinze|paques|pentecote|noel|"
    r"toussaint|ferie|cet|cette|"
    r"un|deux|trois|quatre|cinq|six|sept|dix|onze|douze|treize|quatorze|seize|vingt|trente|et|demie?|vers|fin|debut|an|"
    r"ascension|assomption|armistice|nouvel|an|ans|lendemain)$"
)


def _is_temporal(word: Word) -> bool:
    return bool(_TEMPORAL.match(word.plain))


def _halves(utterance: Utterance) -> tuple[tuple[Utterance, Utterance], ...]:
    """Return the ways to cut at a joint or a break, both halves long enough; surest joints first."""
    words = utterance.words
    if len(words) < 2 * _SHORTEST_HALF + 1:
        return ()
    cuts: dict[int, tuple[int, int]] = {}
    for index in range(_SHORTEST_HALF, len(words) - 1):
        for rank, joint in enumerate(_JOINTS):
            if tuple(w.plain for w in words[index : index + len(joint)]) == joint:
                skip = 1 if joint[0] == "et" and len(joint) > 1 and joint[1] not in ("aussi", "puis") else len(joint)
                cuts.setdefault(index, (rank, skip))
                break
        between = utterance.clean[words[index - 1].end : words[index].start]
        if index not in cuts and any(mark in between for mark in ".?!"):
            cuts[index] = (5, 0)
    found: list[tuple[Utterance, Utterance]] = []
    for index, (_, skip) in sorted(cuts.items(), key=lambda item: item[1][0]):
        left, right = words[:index], words[index + skip :]
        if len(left) >= _SHORTEST_HALF and len(right) >= _SHORTEST_HALF:
            found.append((Utterance(utterance.clean, left), Utterance(utterance.clean, right)))
    return tuple(found)

"""The object someone wants to throw away: from the sorting guide, else the noun as it was said, else by sound."""

import itertools
import re
from collections.abc import Sequence

from voicebot.dialog.nlu.data import ObjectData
from voicebot.dialog.nlu.entities.flux import Found
from voicebot.dialog.nlu.lexicon import LINKS, PhraseIndex, stems_of
from voicebot.dialog.nlu.normalise import Utterance, Word, singular, stem, word_set
from voicebot.dialog.nlu.phonetic import SoundIndex

DETERMINERS = word_set(
    "un une des du de d le la les l mon ma mes son sa ses leur leurs notre nos ce cet cette ces vieux vieille vieilles "
    "vieil gros grosse grosses petit petite petits petites grand grande grands grandes ancien ancienne anciens deux "
    "trois quatre cinq plusieurs quelques tous tout toute toutes vos votre plein beaucoup autre autres"
)
_VERBS = word_set(
    "jeter jette jetes jetez jetent jetait mettre met mets mettez debarrasser debarrasse recycler "
    "recycle deposer depose "
    "porter faire fais fait fait trier trie evacuer enlever donner prendre prenez reprenez reprend prend chercher "
    "recuperer apporter amener rapporter ai avons avez poser vider eliminer accepte acceptez virer balancer foutre "
    "benner retirer collecter collectez ramasser ramassez"
)
_ENDS = word_set(
    "ou dans c ca se va vont est sont qui que qu s et mais avec pour a au aux chez vous je tu il "
    "elle on y n ne comment "
    "quoi quelle quel quand lequel laquelle si parce car svp merci svp bonjour sur par sans doit dois peut peux faut "
    "aller faire jeter jette mettre mets met recycle recycler hors qu faites fait vers merci depuis svp usage usagee "
    "usages usagees plait encore plus pas casse cassee "
    "fichu fichue foutu foutue rouille rouillee perime perimee vide vides etre aussi deja comme ici la-bas"
)
_EMPTY_NOUNS = word_set(
    "poubelle poubelles bac bacs sac sacs conteneur container dechet dechets ordure ordures tri truc chose choses ca "
    "question rendez renseignement collecte camion jour jours semaine dehors trottoir matin soir rien tout quoi hein "
    "conseiller personne service numero adresse calendrier date besoin droit encombrant encombrants"
)
_ADDRESS = word_set(
    "dis dites moi sophie madame monsieur mademoiselle bonjour bonsoir alors euh donc bon ben bah ah voila "
    "non pardon mais plutot sinon"
)
"""Words said before the noun when the turn begins with it ("dis-moi Sophie, *les pots de yaourt*")."""
_PRONOUNS = word_set("m j t me te n il elle")
_INDEFINITE = word_set("un une des mes mon ma")
_QUANTITIES = tuple([word] for word in ("pile", "tas", "paquet", "lot", "carton", "caisse", "sac", "seau"))
_ALSO_VERBS = word_set(
    "mais the laisse laisses balance balances livre livres livree porte portes reclame facture factures affiche "
    "affiches poster loupe conserve conserves ressort couche couches plante plantes regle regles montre montres mousse "
    "vis bois pile branche moule moules marron orange masque masques couvert couverts enceinte"
)
"""Names of objects that are as well verbs, participles or links: objects after an article alone."""
_BEFORE_NOUNS = DETERMINERS | word_set("en avec sans et ou une aucun aucune nouvelle nouvel nouveau vieux belle bonne")
_CLITICS = ("le", "la", "l", "les")
_SUBJECTS = word_set("je j tu il elle on nous vous ils elles ne n qui me te se m s")
_AUXILIARIES = word_set("ai as avons avez ont avait avais avaient aurait ete")
_MEASURES = word_set("cube cubes carre carres")
_MAX_NOUN = 5
_BY_SOUND = 0.16


def _is_no_noun(words: Sequence[Word], item: Found) -> bool:
    """Tell whether the one word found is not the object of that name: "ils ont *laissé*", "par *terre*"."""
    if item.last - item.first > 1:
        return False
    word = words[item.first]
    before = words[item.first - 1].plain if item.first else ""
    earlier = words[item.first - 2].plain if item.first > 1 else ""
    after = words[item.last].plain if item.last < len(words) else ""
    if word.plain in ("metre", "metres"):
        return word.plain == "metres" or after in _MEASURES
    if word.plain == "mai" or before in ("saint", "sainte") or (before, word.plain) == ("par", "terre"):
        return True
    if before in _AUXILIARIES and word.text.endswith(("é", "ée", "és", "ées")):
        return True
    if word.plain not in _ALSO_VERBS or not before:
        return False
    return before not in _BEFORE_NOUNS | (_VERBS - _AUXILIARIES) or (before in _CLITICS and earlier in _SUBJECTS)


class ObjectFinder:
    """Finds objects of the sorting guide, and nouns that look like one."""

    def __init__(self, objects: Sequence[ObjectData]) -> None:
        forms = [(form, item.name) for item in objects for form in (item.name, *item.synonyms)]
        self._index = PhraseIndex(((re.sub(r"\([^)]*\)", " ", form), target) for form, target in forms), singular)
        self._sounds = SoundIndex(forms, reach=1)
        self._by_stems = {stems_of(form, singular): target for form, target in forms}

    def guide(self, utterance: Utterance) -> list[Found]:
        """Return the objects of the guide named, in order, longest first at each place."""
        plain = [word.plain for word in utterance.words]
        found = [Found(match.target, match.first, match.last) for match in self._index.search(plain)]
        return [
            item
            for item, after in itertools.zip_longest(found, found[1:])
            if (after is None or not self._measures(plain, item, after)) and not _is_no_noun(utterance.words, item)
        ]

    @staticmethod
    def _measures(plain: Sequence[str], item: Found, after: Found) -> bool:
        """Tell a quantity from what it is of ("une *pile* de journaux")."""
        between = plain[item.last : after.first]
        return plain[item.first : item.last] in _QUANTITIES and bool(between) and between[0] in ("de", "d")

    def canonical(self, text: str) -> str | None:
        """Return the guide's name of the object called ``text``."""
        return self._by_stems.get(stems_of(text, singular))

    def find(self, utterance: Utterance, by_sound: bool = True, after_verb: bool = False) -> list[Found]:
        """Return the objects meant: of the guide when known there, else the noun as said.

        The noun after the verb ("jeter *un vieux truc en plastique*") or before it ("*les tubes* ça va où") leads: a
        guide entry that only matches its complement is not what was meant. With ``after_verb`` a noun unknown to the
        guide counts only after a verb of throwing or taking away.
        """
        known = [item for item in self.guide(utterance) if not self._is_empty(utterance.words[item.first : item.last])]
        noun = self._noun(utterance.words, after_verb)
        if noun is None:
            return known
        inside = [item for item in known if noun[0] <= item.first < noun[1]]
        head = self._head(utterance.words, noun)
        if inside and inside[0].first <= head:
            return [inside[0], *[item for item in known if item is not inside[0] and item.first >= noun[1]]]
        if known and not inside:
            return known
        if by_sound and not inside:
            words = [word.text for word in utterance.words[noun[0] : noun[1]]]
            for heard in self._sounds.search(words, _BY_SOUND):
                if noun[0] + heard.first <= head:
                    return [Found(heard.target, noun[0] + heard.first, noun[0] + heard.last)]
        text = " ".join(word.text for word in utterance.words[noun[0] : noun[1]])
        text = re.sub(r"\b([ldnscjmtL]|qu) (?=[aeiouyhéèêàâîôû])", r"\1'", text)
        return [Found(text, noun[0], noun[1]), *[item for item in known if item.first >= noun[1]]]

    @staticmethod
    def _is_empty(words: Sequence[Word]) -> bool:
        return all(word.plain in _EMPTY_NOUNS or word.plain in LINKS for word in words)

    @staticmethod
    def _head(words: Sequence[Word], noun: tuple[int, int]) -> int:
        for index in range(*noun):
            if words[index].plain not in DETERMINERS:
                return index
        return noun[0]

    def _noun(self, words: Sequence[Word], after_verb: bool) -> tuple[int, int] | None:
        """Return the span of the noun group that is thrown away: after a verb of throwing, else first of the turn.

        When the turn begins with a story ("ma fille m'a laissé des couches"), it is the last thing told of.
        """
        starts = [i + 1 for i, word in enumerate(words[:-1]) if word.plain in _VERBS]
        told = [] if after_verb else [i for i, word in enumerate(words[:-1]) if i and word.plain in _INDEFINITE]
        for start in [*reversed(starts), *([] if after_verb else [0]), *reversed(told)]:
            begin = start
            while not start and begin < len(words) and words[begin].plain in _ADDRESS:
                begin += 1
            while begin < len(words) and words[begin].plain in (DETERMINERS | {"de", "d", "avec"}):
                begin += 1
            if start and begin == start:
                continue
            end = begin
            while end < len(words) and end - begin < _MAX_NOUN:
                word = words[end]
                if end > begin and (word.after_break or word.plain in _ENDS):
                    following = words[end + 1].plain if end + 1 < len(words) else ""
                    linked = word.plain in ("a", "au", "aux") and following and following not in _ENDS
                    if word.after_break or not linked or following in DETERMINERS:
                        break
                elif end == begin and word.plain in _ENDS:
                    break
                end += 1
            while end > begin and words[end - 1].plain in LINKS:
                end -= 1
            content = [word for word in words[begin:end] if word.plain not in LINKS]
            if not start and not _PRONOUNS.isdisjoint(word.plain for word in content):
                continue
            if content and not self._is_empty(content) and len(stem(content[0].plain)) > 1:
                return begin, end
        return None

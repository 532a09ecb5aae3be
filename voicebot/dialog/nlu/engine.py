"""The engine of understanding: normalise, find entities, look from several sides, combine, judge.

One engine serves every call of a profile; it keeps nothing of a conversation. It raises nothing, whatever the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicebot.dialog.nlu.base import Background, Understanding, Verdict
from voicebot.dialog.nlu.classifier import softmax
from voicebot.dialog.nlu.combine import Calibration, judge, load_calibration, pooled, ranked
from voicebot.dialog.nlu.data import NluData
from voicebot.dialog.nlu.entities.finder import Entities, EntityFinder
from voicebot.dialog.nlu.examples import OTHER, Example
from voicebot.dialog.nlu.features import Known, Sight, Sighted
from voicebot.dialog.nlu.lexicon import stems_of
from voicebot.dialog.nlu.normalise import Utterance, Word, normalise, stem, word_set
from voicebot.dialog.nlu.scope import Looked, clues, scoped, within
from voicebot.dialog.nlu.semantic import Semantic, SemanticView
from voicebot.dialog.nlu.slots import slot_value
from voicebot.dialog.nlu.turn import (
    Reading,
    bare_subject,
    names_an_object,
    read_turn,
    tells_of_an_object,
    without_denied,
)
from voicebot.dialog.nlu.views import ACTS, TrainedViews
from voicebot.dialog.turns import Candidate

Floats = npt.NDArray[np.float32]
URGENT = "urgence"
_THROWN = "tri.objet"
_FALSE_ALARM = "e:ailleurs:fausses_alarmes"
_ALTERNATIVES = 4
_ELLIPTIC_CONFIDENCE = 0.9
_FURTHER = 2
_OFFERED = 0.1
_GRAVE = 0.7  # danger this likely is answered whatever the chance that it is another subject
_VERBATIM = 0.98  # the very words of an example: their meaning is known
_CONTINUATION = 7
_REFUSALS = ("non", "annuler")
_CORRECTION = 4
_RARE = 2
_STRANGE = 2
_OBVIOUS = 0.995
_CONTINUES = word_set("et c ca il elle ils elles on y est puis")
_PRONOUNS = word_set("ca elle elles il ils y en")
_CLEAR = 0.8
_ALWAYS = word_set("hors_territoire commune flux date heure telephone adresse")


@dataclass(frozen=True, slots=True)
class _Opinion:
    """An utterance with its entities and the pooled probabilities of the intents."""

    utterance: Utterance
    entities: Entities
    probabilities: Floats
    alarming: bool


class NluEngine:
    """Understands spoken French about a town's services (implements ``Understander``).

    Args:
        data: examples, words, communes and objects of the profile.
        semantic: sentence embeddings; ``None`` does without.
        cache: folder for what is learnt from the data (trained views, example vectors); ``None`` keeps nothing.
        calibration: weights and thresholds; those shipped by default.
        examples: what is learnt from, all of ``data`` by default; a part of them is for calibration.
    """

    def __init__(
        self,
        data: NluData,
        semantic: Semantic | None = None,
        cache: Path | None = None,
        calibration: Calibration | None = None,
        examples: Sequence[Example] | None = None,
    ) -> None:
        self._calibration = calibration or load_calibration()
        self._accepted = {intent.id: frozenset(intent.entities) for intent in data.intents}
        self._finder = EntityFinder(data)
        self._topics = dict(data.topics)
        self._vague = {stems_of(phrase): pair for phrase, pair in data.vague.items()}
        keywords = ((word, intent.id) for intent in data.intents for word in intent.keywords)
        self._sight = Sight(data.ideas, keywords)
        self._views = TrainedViews(data, self._look_at_text, None if examples else cache, examples)
        learnt = self._views.examples
        self._semantic = None if semantic is None else SemanticView(semantic, learnt, self._views.intents, cache)
        self._acts = frozenset(number for id_, number in self._views.number.items() if id_ in ACTS)

    @property
    def intents(self) -> tuple[str, ...]:
        """The ids of all intents."""
        return self._views.intents

    @property
    def known(self) -> Known:
        """In how many examples each stem occurs."""
        return self._views.known

    @property
    def finder(self) -> EntityFinder:
        """The entity finder, for those who compare values."""
        return self._finder

    def understand(self, text: str, alternatives: tuple[str, ...], background: Background) -> Understanding:
        """Return what was asked in ``text``, helped by the recogniser's ``alternatives`` and the ``background``."""
        reading = read_turn(text, background, self._finder)
        first = self._understand(reading, alternatives, background)
        first = self._about_last(reading, first, background)
        first = self._after_no(reading, first, background)
        if first.elliptic or first.intent in (OTHER, URGENT) or first.intent in ACTS:
            return first
        return self._further(reading, first, background)

    def slot_value(self, slot: str, text: str, alternatives: tuple[str, ...], background: Background) -> str | None:
        """Return the value of ``slot`` in an answer to its question, from the first hypothesis that has one."""
        return slot_value(self._finder, slot, (text, *alternatives[:_ALTERNATIVES]), background)

    def looked(self, text: str, deep: bool = True) -> Looked:
        """Return what every view says of ``text``, before they are pooled: for calibration."""
        utterance = self._finder.repaired(without_denied(normalise(text)))
        return self._looked(utterance, self._look(utterance, self._finder.sketch(utterance)), deep)

    def ranked(self, text: str) -> tuple[Candidate, ...]:
        """Return the likeliest intents of ``text`` said alone, before they are judged: for calibration."""
        utterance = self._finder.repaired(without_denied(normalise(text)))
        return ranked(self._opinion(utterance, deep=True).probabilities, self.intents)

    def _look_at_text(self, text: str) -> Sighted:
        utterance = normalise(text)
        return self._look(utterance, self._finder.sketch(utterance))

    def _look(self, utterance: Utterance, entities: Entities) -> Sighted:
        return self._sight.look(utterance, entities.towns, entities.marks, entities.things)

    def _opinion(self, utterance: Utterance, deep: bool) -> _Opinion:
        """Return what is thought of ``utterance``, meaning included when ``deep``."""
        entities = self._finder.sketch(utterance)
        seen = self._look(utterance, entities)
        looked = self._looked(utterance, seen, deep)
        pool, scope = self._calibration.weights(looked.meaning is not None)
        other = self._views.number[OTHER]
        scores = pooled(looked.views, looked.meaning, pool, other)
        chance = within(scope, clues(looked, scores, other, self._acts, self._views.known))
        likeness = looked.views.likeness
        if float(np.delete(likeness, other).max()) >= _VERBATIM > float(likeness[other]):
            chance = max(chance, _VERBATIM)  # it is an example
        alarming = f"k:{URGENT}" in seen.marks and _FALSE_ALARM not in seen.marks
        return _Opinion(utterance, entities, scoped(softmax(scores), other, chance), alarming)

    def _looked(self, utterance: Utterance, seen: Sighted, deep: bool) -> Looked:
        views = self._views(seen)
        if not deep or self._semantic is None or float(views.likeness.max()) >= _VERBATIM:
            return Looked(seen, views)
        return Looked(seen, views, self._semantic(utterance.text))

    def _understand(
        self, reading: Reading, alternatives: tuple[str, ...], background: Background, deep: bool = True
    ) -> Understanding:
        if not any(word.plain[0].isalpha() for word in reading.utterance.words):  # nothing, or bare figures
            return Understanding(Verdict.UNKNOWN, ranked(self._nothing(), self.intents))
        if reading.elliptic is not None:
            intent, found = reading.elliptic
            merged = {**background.entities, **self._kept(intent, found)}
            return Understanding(Verdict.SURE, ranked(self._mostly(intent), self.intents), merged, elliptic=True)
        opinions = [self._opinion(reading.utterance, deep)]
        known = {reading.utterance.plain, ""}
        for alternative in alternatives[:_ALTERNATIVES]:
            other = read_turn(alternative, background, self._finder).utterance
            if other.plain not in known:
                known.add(other.plain)
                opinions.append(self._opinion(other, deep=False))
        weights = np.array([1.0 / (1 + rank) for rank in range(len(opinions))], dtype=np.float32)
        probabilities = np.average(np.stack([o.probabilities for o in opinions]), axis=0, weights=weights)
        if (vague := self._vague.get(bare_subject(reading.utterance, self._finder))) is not None:
            probabilities = self._mostly(*vague)
        elif self._only_an_object(opinions[0]):
            probabilities = self._no_danger(probabilities)
        elif any(opinion.alarming for opinion in opinions):
            probabilities = self._danger_first(probabilities)
        candidates = ranked(probabilities, self.intents)
        verdict, candidates = judge(candidates, self._calibration.thresholds, len(opinions) > 1)
        if candidates[0].intent == URGENT and candidates[0].confidence >= self._calibration.thresholds.danger:
            grave = candidates[0].confidence >= _GRAVE or any(opinion.alarming for opinion in opinions)
            verdict = Verdict.SURE if grave else verdict
        entities = self._entities(opinions, candidates[0].intent, background)
        if verdict is Verdict.UNSURE and candidates[1].confidence >= _OFFERED:
            # whichever is chosen, what was said is not asked again
            entities = {**self._entities(opinions, candidates[1].intent, background), **entities}
        return Understanding(verdict, candidates, entities)

    def _about_last(self, reading: Reading, first: Understanding, background: Background) -> Understanding:
        """Reread a short turn as being about the last subject: "et c'est payant ?" after the recycling centre's hours.

        Kept only when that makes it clear, and the turn alone was not clear or began as a continuation.
        """
        theme = (background.intent or "").split(".")[0]
        topic = self._topics.get(background.intent or "") or self._topics.get(theme)
        words = reading.utterance.words
        if topic is None or first.elliptic or not 1 <= len(words) <= _CONTINUATION:
            return first
        if first.intent in ACTS or first.intent == URGENT or self._gibberish(words):
            return first
        if first.verdict is Verdict.SURE and first.intent.split(".")[0] == theme:
            return first
        own = self._topics.get(first.intent.split(".")[0], "")
        if first.verdict is Verdict.SURE and set(stems_of(own)) & {stem(w.plain) for w in words}:
            return first
        continues = reading.utterance.clean.lower().lstrip().startswith("et ")
        follows = words[0].plain in _CONTINUES or {w.plain for w in words} & _PRONOUNS
        if first.verdict is Verdict.SURE and not continues and (not follows or first.confidence >= _OBVIOUS):
            return first
        again = self._understand(Reading(normalise(f"{topic} {reading.utterance.text}")), (), background, deep=False)
        if again.verdict is Verdict.SURE and again.intent.split(".")[0] == theme:
            before = self._kept(again.intent, background.entities)
            return replace(again, entities={**before, **again.entities})
        return first

    def _gibberish(self, words: Sequence[Word]) -> bool:
        """Tell whether a short turn is made of words that hardly anybody says: nothing the recogniser understood."""
        heard = self._views.known
        rare = [w for w in words if heard.inside.get(stem(w.plain), 0) + heard.outside.get(stem(w.plain), 0) <= _RARE]
        return len(rare) >= _STRANGE

    def _after_no(self, reading: Reading, first: Understanding, background: Background) -> Understanding:
        """Reread a turn begun by "non" without it, after a request: "non je veux juste le décaler"."""
        words = reading.utterance.words
        if background.intent is None or first.intent not in _REFUSALS or len(words) < _CORRECTION:
            return first
        if words[0].plain != "non":
            return first
        rest = Reading(replace(reading.utterance, words=words[1:]))
        again = self._about_last(rest, self._understand(rest, (), background, deep=False), background)
        return again if again.verdict is Verdict.SURE and "." in again.intent else first

    def _only_an_object(self, opinion: _Opinion) -> bool:
        """Tell whether the turn only names an object, with what is said of it."""
        if names_an_object(opinion.utterance, self._finder):
            return True
        elsewhere = any(mark.startswith("ailleurs:") for mark in opinion.entities.marks)
        return not elsewhere and tells_of_an_object(opinion.utterance, opinion.entities.things)

    def _no_danger(self, probabilities: Floats) -> Floats:
        """Give what ``urgence`` has to sorting: an object named alone ("une bouteille de gaz") is no alarm.

        What ``hors_sujet`` has too, when sorting is then the likeliest: the guide knows the object.
        """
        urgent, thrown, other = (self._views.number.get(id_) for id_ in (URGENT, _THROWN, OTHER))
        if urgent is None or thrown is None or other is None:
            return probabilities
        calm = probabilities.copy()
        calm[thrown] += calm[urgent]
        calm[urgent] = 0.0
        if calm[thrown] >= np.delete(calm, other).max():
            calm[thrown] += calm[other]
            calm[other] = 0.0
        return calm

    def _danger_first(self, probabilities: Floats) -> Floats:
        """Put ``urgence`` first as soon as it is likely enough: being wrong there costs least this way round.

        Only for a turn with a word of alarm: without one, danger has to win like anything else.
        """
        number = self._views.number.get(URGENT)
        if number is None or probabilities[number] < self._calibration.thresholds.danger:
            return probabilities
        raised = probabilities.copy()
        raised[number] = max(float(raised.max()) + 0.01, float(raised[number]))
        scaled: Floats = raised / raised.sum()
        return scaled

    def _entities(self, opinions: list[_Opinion], intent: str, background: Background) -> dict[str, str]:
        merged: dict[str, str] = {}
        for opinion in reversed(opinions):
            found = self._finder.values(opinion.utterance, opinion.entities, intent, background.now)
            merged.update(found)
        return self._kept(intent, merged)

    def _kept(self, intent: str, found: Mapping[str, str]) -> dict[str, str]:
        accepted = self._accepted.get(intent, frozenset()) | _ALWAYS
        return {name: value for name, value in found.items() if name in accepted}

    def _further(self, reading: Reading, first: Understanding, background: Background) -> Understanding:
        """Look for a second request in the same turn; keep it only when both halves are clear and differ."""
        for left, right in reading.halves[:_FURTHER]:
            one = self._understand(Reading(left), (), background, deep=False)
            two = self._understand(Reading(right), (), background, deep=False)
            both_sure = one.verdict is Verdict.SURE and two.verdict is Verdict.SURE
            scoped = not {one.intent, two.intent} & (ACTS | {OTHER})
            sure = first.verdict is Verdict.SURE and first.confidence >= _CLEAR
            whole = not sure or first.intent in (one.intent, two.intent)
            differ = one.intent != two.intent and whole
            if both_sure and scoped and differ and min(one.confidence, two.confidence) >= _CLEAR:
                shared = {k: v for k, v in first.entities.items() if k in ("commune", "hors_territoire")}
                two = replace(two, entities={**self._kept(two.intent, shared), **two.entities})
                return replace(one, entities={**self._kept(one.intent, shared), **one.entities}, next=two)
        return first

    def _nothing(self) -> Floats:
        return self._mostly(OTHER)

    def _mostly(self, *intents: str) -> Floats:
        """Return probabilities that nearly all go to ``intents``, in equal parts."""
        others = max(len(self.intents) - len(intents), 1)
        probabilities = np.full(len(self.intents), (1.0 - _ELLIPTIC_CONFIDENCE) / others, dtype=np.float32)
        probabilities[[self._views.number[intent] for intent in intents]] = _ELLIPTIC_CONFIDENCE / len(intents)
        return probabilities

"""One conversation's memory and its manner of speaking.

``Talk`` is owned by one ``Dialogue`` and used from one thread. A ``Draft`` is the reply being composed: sentences are
told by the id of an answer of the profile, never written in code.
"""

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from voicebot.dialog.keypad import KeypadSearch
from voicebot.dialog.knowledge.answers import Answer, Choice
from voicebot.dialog.knowledge.identity import Target
from voicebot.dialog.knowledge.model import Knowledge, Stream
from voicebot.dialog.nlu.base import Background, Understander
from voicebot.dialog.policy.questions import FollowUp, Question
from voicebot.dialog.templates import Template
from voicebot.dialog.turns import Action, Bulletin, Context, Link, Option, Say
from voicebot.dialog.wording import Words, at_place, fold, of_group, of_place

# What holds a conversation up is told even when a fact in it is doubtful: without the doubtful sentence.
_STRUCTURE = ("accueil.", "non_confirme", "formulaire.", "incompris.", "conseiller.")

_WITH_MESSAGE = ".avec_message"
MAX_PACE = 2
MAX_GAIN_DB = 12.0
Values = Mapping[str, str | Words]


@dataclass(slots=True)
class Draft:
    """A reply being composed.

    ``question`` is what it ends with, in the last ``asked`` sentences; ``settled`` says a request was answered;
    ``lead`` counts the first sentences that are not to be said again when asked to repeat. ``farewell``, ``aside`` and
    ``lost`` are those of the ``Reply``.
    """

    says: list[Say] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    question: Question | None = None
    asked: int = 0
    settled: bool = False
    lead: int = 0
    farewell: int = 0
    aside: bool = False
    lost: bool = False

    def add(self, other: "Draft") -> "Draft":
        """Append another draft; its question, if any, wins."""
        self.lead = self.lead if not other.lead else len(self.says) + other.lead
        self.asked = other.asked if other.says else self.asked
        self.farewell = other.farewell
        self.says += other.says
        self.actions += other.actions
        self.question = other.question or self.question
        self.settled = self.settled or other.settled
        return self


@dataclass(slots=True)
class Memory:
    """What this conversation remembers. ``entities`` are those of the last request, ``before`` of the one before it.

    ``on_call`` is the subject of a call just handed over to who is on call, empty when others were.
    """

    intent: str | None = None
    entities: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    commune: str = ""
    sector: str = ""
    misunderstood: int = 0
    silences: int = 0
    menu_offered: bool = False
    typing: KeypadSearch | None = None
    by_keys: bool = False
    demo_said: bool = False
    on_call: str = ""
    pace: int = 0
    gain_db: float = 0.0
    patient: bool = False
    plain: bool = False
    urgent: bool = False
    public: str = ""
    bulletins: frozenset[Bulletin] = frozenset()
    turns: int = 0
    requests: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    last: tuple[Say, ...] = ()


class Talk:
    """The conversation's side of speaking: chooses wordings, fills variables, guards what is not certain."""

    def __init__(self, knowledge: Knowledge, understander: Understander, context: Context, seed: int = 0) -> None:
        self.knowledge = knowledge
        self.understander = understander
        self.context = context
        self.memory = Memory(
            pace=max(0, min(context.pace, MAX_PACE)),
            gain_db=max(0.0, min(context.gain_db, MAX_GAIN_DB)),
            patient=context.patient,
            plain=context.plain,
        )
        self._seed = seed

    def fork(self) -> "Talk":
        """Return the same conversation's side with a memory of its own."""
        other = copy.copy(self)
        memory = self.memory
        other.memory = replace(
            memory,
            entities=dict(memory.entities),
            before=dict(memory.before),
            requests=list(memory.requests),
            references=list(memory.references),
            said=Counter(memory.said),
            typing=copy.copy(memory.typing),
        )
        return other

    @property
    def now(self) -> datetime:
        """The civil time."""
        return self.context.now()

    @property
    def today(self) -> date:
        """The civil date."""
        return self.context.now().date()

    @property
    def open(self) -> bool:
        """Whether advisers can be reached now."""
        return self.context.advisers_open(self.now)

    def reachable(self, target: Target) -> bool:
        """Whether ``target`` can be reached now."""
        if target.always:
            return True
        reachable = self.context.target_open
        return self.open if reachable is None else reachable(target.id, self.now)

    def background(self, slot: str | None = None) -> Background:
        """Return what understanding needs to know of the conversation so far."""
        return Background(self.now, slot, self.memory.intent, dict(self.memory.entities))

    def answer(self, answer_id: str) -> Answer:
        """Return the answer ``answer_id``: the one that offers to leave a message, where one can be recorded."""
        answer = self.knowledge.answers[answer_id]
        if not self.context.messages:
            return answer
        return self.knowledge.answers.get(f"{answer_id}{_WITH_MESSAGE}", answer)

    def tell(
        self, draft: Draft, answer_id: str, values: Values | None = None, confirmed: bool = True, ask: bool = True
    ) -> Draft:
        """Append the answer ``answer_id`` to ``draft``; an unconfirmed one is told only by a demonstration.

        ``ask`` False leaves out the question the answer carries.
        """
        answer = self.answer(answer_id)
        filled = self._values(values or {})
        if not (confirmed and self._certain(answer)):
            if not self.knowledge.identity.demo and not answer.id.startswith(_STRUCTURE):
                return self.tell(draft, "non_confirme") if "non_confirme" not in draft_ids(draft) else draft
            if not self.knowledge.identity.demo:
                answer = self._trimmed(answer)
            elif not self.memory.demo_said:
                self.memory.demo_said = True
                self.tell(draft, "demonstration")
                draft.lead = len(draft.says)
        template = self._wording(answer, filled)
        draft.says += self._spoken(answer, template, filled)
        draft.asked = 0
        if ask and answer.question is not None:
            asked = self._render(answer.question, filled)
            draft.says += asked
            draft.asked = len(asked)
            draft.question = FollowUp(answer.id, answer.choices)
        return draft

    def options(self, choices: Sequence[Choice]) -> tuple[Option, ...]:
        """Return choices as options, a plain yes or no worded as the profile does."""
        return tuple(choice.option(self.knowledge.marks.get(choice.id, ())) for choice in choices)

    def is_mark(self, name: str, text: str) -> bool:
        """Tell whether ``text`` is, as a whole, one of the marks ``name`` of the profile."""
        folded = fold(text)
        return any(folded == fold(mark) for mark in self.knowledge.marks[name])

    def text(self, answer_id: str, values: Values | None = None) -> Draft:
        """Return a new draft with one answer."""
        return self.tell(Draft(), answer_id, values)

    def speak(self, draft: Draft, template: Template, values: Values) -> Draft:
        """Append a sentence that is not an answer (a form's question, a guide's phrase)."""
        draft.says += self._render(template, self._values(values))
        return draft

    def certain(self, answer_id: str) -> bool:
        """Tell whether the answer exists and relies on confirmed facts only, or the profile is a demonstration."""
        answer = self.knowledge.answers.get(answer_id)
        return answer is not None and (self.knowledge.identity.demo or self._certain(answer))

    def _certain(self, answer: Answer) -> bool:
        facts = self.knowledge.facts
        return answer.confirmed and all(facts[name].confirmed for name in answer.variables if name in facts)

    def _trimmed(self, answer: Answer) -> Answer:
        """Return an answer the conversation cannot do without, less its sentences that are not certain."""
        facts = self.knowledge.facts

        def sure(template: Template) -> Template:
            kept = [p.text for p in template.parts() if all(facts[v].confirmed for v in p.variables if v in facts)]
            return Template(" ".join(kept))

        return replace(answer, say=tuple(map(sure, answer.say)), again=tuple(map(sure, answer.again)))

    def _wording(self, answer: Answer, values: Mapping[str, Words]) -> Template:
        """Choose among equal wordings in turn; what was already told in this call is told otherwise."""
        if self.memory.plain and answer.simple is not None:
            return answer.simple
        content = answer.say[0].render(values).ear
        times = self.memory.said[content]
        self.memory.said[content] += 1
        self.memory.said[answer.id] += 1
        if times and answer.again:
            return answer.again[(times - 1) % len(answer.again)]
        turn = self._seed + self.memory.said[answer.id] - 1
        return answer.say[turn % len(answer.say)]

    def _spoken(self, answer: Answer, template: Template, values: Mapping[str, Words]) -> list[Say]:
        links = tuple(Link(title, _url(url, values)) for title, url in answer.links)
        if answer.written is not None and self.context.channel == "chat":
            return [Say(template.render(values).ear, answer.written.render(values).written, links=links)]
        says = self._render(template, values)
        if links and says:
            says[-1] = Say(says[-1].text, says[-1].written, links=links)
        return says

    def _gesture(self) -> str:
        """Return the green advice of the season; with several, each conversation has the next."""
        found = [one.text for one in self.knowledge.gestures if one.season.holds(self.today)]
        return found[self._seed % len(found)] if found else ""

    def _render(self, template: Template, values: Mapping[str, Words]) -> list[Say]:
        says = []
        for part in template.parts():
            words = part.render(values)
            if words.ear:
                says.append(Say(words.ear, words.eye))
        return says

    def _values(self, values: Values) -> Mapping[str, Words]:
        identity = self.knowledge.identity
        filled = {name: Words(fact.spoken or fact.value, fact.value) for name, fact in self.knowledge.facts.items()}
        filled["assistante"] = Words(identity.assistant)
        filled["collectivite"] = Words(identity.community)
        filled["service"] = Words(identity.service)
        filled["ouverture"] = Words(self.context.opening_words(self.now))
        hours = self.context.weekly_hours(self.today)
        if hours:
            filled["accueil_horaires"] = Words(hours)
        filled["geste"] = Words(self._gesture())
        commune = self.memory.commune
        filled["commune"] = Words(commune)
        filled["a_commune"] = Words(at_place(commune) if commune else "chez vous")
        filled["de_commune"] = Words(of_place(commune) if commune else "de votre commune")
        for name, value in values.items():
            filled[name] = value if isinstance(value, Words) else Words(value)
        return filled


def draft_ids(draft: Draft) -> Sequence[str]:
    """Return the ids of the answers whose question the draft carries."""
    return [draft.question.answer] if isinstance(draft.question, FollowUp) else []


def _url(url: str, values: Mapping[str, Words]) -> str:
    for name, words in values.items():
        url = url.replace("{" + name + "}", words.written)
    return url


def stream_values(stream: Stream) -> dict[str, str]:
    """Return how a stream is named in sentences, with the agreement of its participles."""
    ending = ("es" if stream.plural else "e") if stream.feminine else ("s" if stream.plural else "")
    verb = "sont" if stream.plural else "est"
    return {
        "le_flux": stream.name,
        "du_flux": of_group(stream.name),
        "sont_ramasses": f"{verb} ramassé{ending}",
        "ne_sont_pas_ramasses": f"{'ne sont' if stream.plural else 'n’est'} pas ramassé{ending}",
    }

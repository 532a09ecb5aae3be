"""What will surely or likely be said, so that the voice can render it before it is needed.

``static_texts`` never change for a profile; ``likely_texts`` depend on the day: 12 communes by a few streams, opening
hours, town halls. Each text is exactly one ``Say.text``.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from voicebot.clock import PARIS
from voicebot.dialog.knowledge.model import Knowledge
from voicebot.dialog.nlu.base import Background, Understanding, Verdict
from voicebot.dialog.policy import acts
from voicebot.dialog.policy.subjects import answer_request
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.templates import Template
from voicebot.dialog.turns import Candidate, Context

_WORDINGS = 2
_WINTER = (datetime(2026, 1, 12, 10, tzinfo=PARIS), datetime(2026, 1, 22, 15, tzinfo=PARIS))
_SUMMER = (datetime(2026, 6, 8, 10, tzinfo=PARIS), datetime(2026, 6, 18, 15, tzinfo=PARIS))
_CONSTANT = ("assistante", "collectivite", "service")


class _Nothing:
    """Understands nothing: answers are composed here without any caller."""

    def understand(self, text: str, alternatives: tuple[str, ...], background: Background) -> Understanding:
        return Understanding(Verdict.UNKNOWN, (Candidate("hors_sujet", 1.0),))

    def slot_value(self, slot: str, text: str, alternatives: tuple[str, ...], background: Background) -> str | None:
        return None


def static_texts(knowledge: Knowledge) -> Iterator[str]:
    """Yield every text of the profile that depends on nothing but the profile, without doubles."""
    talk = Talk(knowledge, _Nothing(), _context(_WINTER[0]))
    constant = {*_CONSTANT, *knowledge.facts}
    yield from dict.fromkeys(
        say.text
        for template in _every_template(knowledge)
        for part in template.parts()
        if part.variables <= constant
        for say in talk.speak(Draft(), part, {}).says
    )


def _every_template(knowledge: Knowledge) -> Iterator[Template]:
    for answer in knowledge.answers.values():
        yield from (*answer.say, *answer.again, *([answer.simple] if answer.simple is not None else []))
        if answer.question is not None:
            yield answer.question
    for form in knowledge.forms.values():
        yield from (*form.opening, *form.done)
        for texts in form.done_when.values():
            yield from texts
        for slot in form.slots:
            yield from slot.ask


def likely_texts(knowledge: Knowledge, context: Context | None = None) -> Iterator[str]:
    """Yield the texts that callers will likely hear beyond the static ones, without doubles, the likeliest first.

    With a ``context``, they hold for its civil day: call again after midnight and when the hours change. Without one,
    only those that hold on any day of a season.
    """
    known = set(static_texts(knowledge))
    for text in _today(knowledge, context) if context is not None else _any_day(knowledge):
        if text not in known:
            known.add(text)
            yield text


def _any_day(knowledge: Knowledge) -> Iterator[str]:
    """Yield what is said alike on two days of the same season."""
    for one, other in (_WINTER, _SUMMER):
        same = set(_today(knowledge, _context(other)))
        yield from (text for text in _today(knowledge, _context(one)) if text in same)


def _context(moment: datetime) -> Context:
    return Context(lambda: moment, lambda at: True, lambda at: "", lambda: "")


def _today(knowledge: Knowledge, context: Context) -> Iterator[str]:
    yield from _texts(acts.greeting(Talk(knowledge, _Nothing(), context)))
    yield from _texts(acts.menu(Talk(knowledge, _Nothing(), context)))
    for seed in range(_WORDINGS):
        for commune in knowledge.communes:
            for stream in knowledge.collection.streams(commune):
                for sector in knowledge.collection.sectors(commune, stream) or ("",):
                    asked = {"commune": commune, "flux": stream, "secteur": sector}
                    yield from _answered(knowledge, context, "collecte.jours", asked, seed)
            yield from _answered(knowledge, context, "collecte.jours", {"commune": commune}, seed)
            yield from _answered(knowledge, context, "decheterie.horaires", {"commune": commune}, seed)
        for commune in knowledge.communes:
            yield from _answered(knowledge, context, "decheterie.adresse", {"commune": commune}, seed)
            yield from _answered(knowledge, context, "commune.services", {"commune": commune}, seed)
            yield from _answered(knowledge, context, "apport.localisation", {"commune": commune, "flux": "verre"}, seed)
    tomorrow = (context.now() + timedelta(days=1)).date().isoformat()
    for commune in knowledge.communes:
        asked = {"commune": commune, "date": tomorrow}
        yield from _answered(knowledge, context, "decheterie.horaires", asked, 0)
    yield from _texts(Talk(knowledge, _Nothing(), context).text("conseiller.ferme"))


def _answered(knowledge: Knowledge, context: Context, intent: str, asked: dict[str, str], seed: int) -> Iterable[str]:
    talk = Talk(knowledge, _Nothing(), context, seed)
    talk.memory.commune = asked["commune"]
    talk.memory.sector = asked.get("secteur", "")
    return _texts(answer_request(talk, intent, asked))


def _texts(draft: Draft) -> list[str]:
    return [say.text for say in draft.says]

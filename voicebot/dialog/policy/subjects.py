"""Which answer serves which intent: the few computed ones here, all others by the answer of the same id."""

from collections.abc import Callable, Mapping

from voicebot.dialog.policy import places, waste
from voicebot.dialog.policy.slots import ask_slot
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.wording import contains, fold

Entities = Mapping[str, str]
_COMPUTED: Mapping[str, Callable[[Talk, str, Entities], Draft]] = {
    "collecte.jours": waste.collection_days,
    "collecte.consignes": waste.put_out,
    "tri.objet": waste.sorting,
    "tri.consignes": waste.sorting_rules,
    "apport.localisation": waste.containers,
    "decheterie.horaires": places.centre_hours,
    "decheterie.adresse": places.centre_address,
    "commune.services": places.town_hall,
    "interco.communes": places.communes,
    "service.horaires": places.service_hours,
}
_VARIANTS = ("public", "flux")


def answer_request(talk: Talk, intent: str, entities: Entities, text: str = "", before: str = "") -> Draft:
    """Answer ``intent``, or ask for what is missing to do so.

    ``text`` are the words of the request, if any; ``before`` those of an earlier one that it goes on from.
    """
    worded = _worded(talk, intent, fold(text if intent in _COMPUTED else f"{before} {text}"))
    if worded:
        return talk.tell(Draft(settled=True), worded)
    computed = _COMPUTED.get(intent)
    if computed is not None:
        return computed(talk, intent, entities)
    for kind in _VARIANTS:
        variant = f"{intent}.{entities.get(kind, '')}"
        if variant in talk.knowledge.answers:
            return talk.tell(Draft(settled=True), variant)
    answer = talk.knowledge.answers.get(intent)
    if answer is None:
        return talk.tell(Draft(), "non_confirme")
    for slot in answer.needs:
        if not entities.get(slot):
            return ask_slot(talk, slot, intent, entities)
    return talk.tell(Draft(settled=True), intent)


def _worded(talk: Talk, intent: str, folded: str) -> str:
    """Return the id of the answer kept for the words of a request, or nothing."""
    for id_, answer in talk.knowledge.answers.items():
        if answer.words and id_.startswith(f"{intent}.") and any(contains(folded, word) for word in answer.words):
            return id_
    return ""

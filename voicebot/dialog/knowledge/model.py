"""Everything one profile knows, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from voicebot.dialog.forms.spec import Form
from voicebot.dialog.knowledge.answers import Answer, Choice, Subject
from voicebot.dialog.knowledge.collection import Collection, Season
from voicebot.dialog.knowledge.identity import Fact, Identity
from voicebot.dialog.knowledge.places import Centre, Commune, Container
from voicebot.dialog.knowledge.sorting import SortingGuide


@dataclass(frozen=True, slots=True)
class Stream:
    """One waste stream: how it is named (``name`` with its article), its rules, and whether it is a plural."""

    id: str
    name: str
    plural: bool
    texts: tuple[str, ...]
    sorting: str = ""
    dropped_off: bool = False
    confirmed: bool = True
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Gesture:
    """A piece of green advice for a season."""

    season: Season
    text: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything one profile knows. Immutable: a reload makes a new one."""

    identity: Identity
    facts: Mapping[str, Fact]
    answers: Mapping[str, Answer]
    subjects: Mapping[str, Subject]
    streams: Mapping[str, Stream]
    communes: Mapping[str, Commune]
    collection: Collection
    centres: tuple[Centre, ...]
    containers: tuple[Container, ...]
    guide: SortingGuide
    forms: Mapping[str, Form]
    suggestions: tuple[Choice, ...]
    marks: Mapping[str, tuple[str, ...]]
    gestures: tuple[Gesture, ...] = ()

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Words a recogniser should expect: sentences of the service, then the names of this territory."""
        names = ", ".join(name.partition("-sur-")[0] for name in self.communes)
        return (*self.marks["ecoute"], f"{names}.")

    def offers(self, form: Form) -> bool:
        """Tell whether ``form`` may be run: appointments need days that are certain, or a demonstration."""
        if form.record != "appointment":
            return True
        return form.appointments is not None and (form.appointments.confirmed or self.identity.demo)

    def form_for(self, intent: str) -> Form | None:
        """Return the form an intent opens."""
        return next((form for form in self.forms.values() if intent in form.intents), None)

    def request_title(self, form_id: str) -> str:
        """Return what those who deal with requests call ``form_id``: a form, or the subject of a contact typed in.

        Empty for what neither knows.
        """
        form = self.forms.get(form_id)
        if form is not None:
            return form.title or form.name
        subject = self.subjects.get(form_id)
        return "" if subject is None else subject.name

    def slot_label(self, form_id: str, slot: str) -> str:
        """Return how the form ``form_id`` names ``slot`` to people; empty when it says nothing of it."""
        form = self.forms.get(form_id)
        found = None if form is None else form.slot(slot)
        return "" if found is None else found.label

    def slot_text(self, form_id: str, slot: str, value: str) -> str:
        """Return what the form ``form_id`` keeps in ``slot`` as people read it: days in figures, streams by name."""
        form = self.forms.get(form_id)
        found = None if form is None else form.slot(slot)
        match found.kind if found is not None else "":
            case "flux" if value in self.streams:
                return self.streams[value].name
            case "date" | "creneau":
                try:
                    return f"{date.fromisoformat(value):%d/%m/%Y}"
                except ValueError:
                    return value
        return value

    def unconfirmed(self) -> tuple[str, ...]:
        """Return one line per thing that is not certain, for ``voicebot check``."""
        lines = [f"fait {fact.id} : {fact.value}" for fact in self.facts.values() if not fact.confirmed]
        lines += [f"réponse {answer.id}" for answer in self.answers.values() if not answer.confirmed]
        lines += [f"mairie {one.name} : {one.address}" for one in self.communes.values() if not one.confirmed]
        lines += [
            f"collecte {one.stream} {one.sector} ({', '.join(one.communes)}) : {one.rule}".replace("  ", " ")
            for one in self.collection.rounds
            if not one.confirmed
        ]
        lines += [f"déchèterie {one.id} : {one.address}" for one in self.centres if not one.confirmed]
        doubtful = sum(not one.confirmed for one in self.containers)
        if doubtful:
            lines.append(f"bornes : {doubtful} adresses sur {len(self.containers)}")
        lines += [f"flux {one.id}" for one in self.streams.values() if not one.confirmed]
        objects = {one.name: one for one in self.guide.objects.values() if not one.confirmed}
        lines += [f"objet {name}" for name in objects]
        lines += [
            f"rendez-vous {form.id} : {form.appointments.rule}"
            for form in self.forms.values()
            if form.appointments and not form.appointments.confirmed
        ]
        return tuple(lines)

"""What a form is: its slots, their questions, what is read back, and what it leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from voicebot.dialog.knowledge.answers import Choice
from voicebot.dialog.knowledge.source import Table
from voicebot.dialog.templates import Template, templates
from voicebot.dialog.turns import Option

KINDS = (
    "commune",
    "flux",
    "telephone",
    "email",
    "adresse",
    "texte",
    "nom",
    "date",
    "heure",
    "choix",
    "creneau",
    "objet",
    "reference",
)
RECORDS = ("ticket", "appointment", "callback", "message", "lookup")
FormRecord: TypeAlias = Literal["ticket", "appointment", "callback", "message"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing a form needs.

    ``ask`` are the successive wordings of its question. ``check`` reads the value back and waits for a yes. ``when``
    limits the slot to values of a slot before it. ``default`` fills it without asking when the first request does not
    say otherwise. ``written`` is the question in the chat, where it differs. ``optional`` accepts "non" or silence.
    ``past`` says a date is that of something that happened. ``told`` takes the words of the request itself when they
    name an object. ``among`` are the streams that have a key; any other may be said.
    """

    name: str
    kind: str
    ask: tuple[Template, ...]
    check: bool = False
    optional: bool = False
    choices: tuple[Option, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default: str = ""
    read_back: Template | None = None
    label: str = ""
    past: bool = False
    written: Template | None = None
    told: bool = False
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Appointments:
    """Which days and times are offered: RFC 5545 ``rule``, notice and horizon in days, places a day."""

    rule: str
    moments: tuple[str, ...]
    notice_days: int = 2
    horizon_days: int = 60
    places: int = 8
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """One declared form.

    ``name`` is what the caller hears, ``title`` what those who deal with it read ("Demande de bac"; its name if empty).
    ``recap`` is read before keeping, when something costly to get wrong is in it. ``done`` is said once kept. Both
    may depend on the value of a choice (``recap_when``, ``done_when``).
    """

    id: str
    name: str
    intents: tuple[str, ...]
    record: str
    slots: tuple[Slot, ...]
    done: tuple[Template, ...]
    opening: tuple[Template, ...] = ()
    recap: Template | None = None
    done_when: Mapping[str, tuple[Template, ...]] = field(default_factory=dict)
    appointments: Appointments | None = None
    recap_when: Mapping[str, Template] = field(default_factory=dict)
    title: str = ""

    @property
    def record_type(self) -> FormRecord | None:
        """The kind of record it leaves, ``None`` for a look-up."""
        return None if self.record == "lookup" else cast(FormRecord, self.record)

    def slot(self, name: str) -> Slot | None:
        """Return the slot called ``name``."""
        return next((slot for slot in self.slots if slot.name == name), None)

    @property
    def variables(self) -> frozenset[str]:
        """Every variable its sentences use."""
        every = [*self.done, *self.opening, *(t for texts in self.done_when.values() for t in texts)]
        every += [template for slot in self.slots for template in slot.ask]
        every += [one for slot in self.slots for one in (slot.read_back, slot.written) if one]
        every += [*self.recap_when.values(), *([self.recap] if self.recap else [])]
        return frozenset(name for template in every for name in template.variables)


def read_form(form_id: str, table: Table) -> Form:
    """Read one form file; its mistakes are noted in the table."""
    slots = tuple(_slot(below) for below in table.tables("champ"))
    names = [slot.name for slot in slots]
    for name in names:
        if names.count(name) > 1:
            table.wrong("champ", f"deux champs s’appellent « {name} »")
    for position, slot in enumerate(slots):
        for name in slot.when:
            if name not in names[:position]:
                table.wrong("champ", f"« {slot.name} » dépend de « {name} », qui n’est pas un champ placé avant")
    recap = table.text("recapitulatif", "")
    done_table = table.table("fin_selon")
    done_when = {name: templates(done_table.texts(name)) for name in sorted(done_table.data)} if done_table else {}
    recap_table = table.table("recapitulatif_selon")
    form = Form(
        form_id,
        table.text("nom"),
        table.texts("intentions", ()),
        table.one_of("enregistre", RECORDS),
        slots,
        templates(table.texts("fin")),
        templates(table.texts("debut", ())),
        Template(recap) if recap else None,
        done_when,
        None,
        {name: Template(recap_table.text(name)) for name in sorted(recap_table.data)} if recap_table else {},
        table.text("titre", ""),
    )
    known = {*names, *(f"{name}_dit" for name in names), "reference", "etat", "fin_numero", "a_commune", "de_commune"}
    known |= {
        "quand",
        "le_flux",
        "du_flux",
        "creneau",
        "valeur",
        "choix",
        "assistante",
        "service",
        "collectivite",
        "site",
    }
    for name in sorted(form.variables - known):
        table.wrong("", f"la variable {{{name}}} n’est pas un champ de ce formulaire")
    for template in (*form.done, *form.opening, *(text for slot in slots for text in slot.ask)):
        fault = template.fault()
        if fault:
            table.wrong("", fault)
    if any(slot.kind == "creneau" for slot in slots) != (form.record == "appointment"):
        table.wrong("enregistre", "un rendez-vous (appointment) a un champ de type creneau, et lui seul")
    table.done()
    return form


def read_appointments(table: Table) -> Appointments:
    """Read the days and times offered for one form."""
    found = Appointments(
        table.text("regle"),
        table.texts("moments"),
        int(table.number("preavis_jours", 2, least=0)),
        int(table.number("horizon_jours", 60, least=1)),
        int(table.number("places_par_moment", 8, least=1)),
        table.flag("confirmed", False),
    )
    table.done()
    return found


def _slot(table: Table) -> Slot:
    choices = tuple(
        Choice(one.text("id"), one.texts("textes") or ("",), "rien", one.text("titre", ""), one.text("touche", ""))
        for one in table.tables("choix")
    )
    kind = table.one_of("type", KINDS)
    if (kind == "choix") != bool(choices):
        table.wrong("type", "un champ de type choix, et lui seul, a des [[champ.choix]]")
    when_table = table.table("si")
    read_back = table.text("relire", "")
    written = table.text("ecrit", "")
    default = table.text("defaut", "")
    slot = Slot(
        table.text("nom"),
        kind,
        templates(table.texts("question", () if default else None)),
        table.flag("verifier", False),
        table.flag("facultatif", False),
        tuple(choice.option() for choice in choices),
        {name: when_table.texts(name) for name in sorted(when_table.data)} if when_table else {},
        default,
        Template(read_back) if read_back else None,
        table.text("libelle", ""),
        table.flag("passe", False),
        Template(written) if written else None,
        table.flag("depuis_demande", False),
        table.texts("touches", ()),
    )
    if slot.among and kind != "flux":
        table.wrong("touches", "seul un champ de type flux choisit les flux qui ont une touche")
    table.done()
    return slot

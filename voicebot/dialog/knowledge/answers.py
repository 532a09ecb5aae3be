"""Answers as data: what is said for an intent or a situation, in several wordings, and the question that follows.

An answer is a TOML table named by its id. One source serves the ear and the eye: ``dire`` is spoken (and written
too, variables taking their written form), ``ecrit`` replaces it in the chat when the eye wants something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from voicebot.dialog.knowledge.source import Table
from voicebot.dialog.templates import Template, templates
from voicebot.dialog.turns import Option

GOTO_KINDS = ("reponse", "intention", "formulaire", "conseiller", "message", "rien")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a follow-up question and where it leads.

    ``goto`` is ``reponse:ID``, ``intention:ID``, ``formulaire:ID``, ``conseiller:SUBJECT``, ``message`` or ``rien``.
    """

    id: str
    texts: tuple[str, ...]
    goto: str
    label: str = ""
    key: str = ""

    def option(self, texts: tuple[str, ...] = ()) -> Option:
        """The choice as the recogniser and the chat need it; ``texts`` word a plain yes or no."""
        spoken = self.texts or texts
        return Option(self.id, spoken, self.label or spoken[0].capitalize(), self.key)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say under one id.

    ``say`` are equal wordings; ``again`` those for the same question asked again; ``simple`` is for whoever asked for
    simpler words; ``needs`` are slots to ask for first. ``words`` make it the answer to requests for the intent its id
    begins with, when they hold one of them: "eau.qualite.trouble", for "brown" water.
    """

    id: str
    say: tuple[Template, ...]
    again: tuple[Template, ...] = ()
    written: Template | None = None
    links: tuple[tuple[str, str], ...] = ()
    confirmed: bool = True
    question: Template | None = None
    choices: tuple[Choice, ...] = ()
    needs: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    simple: Template | None = None
    words: tuple[str, ...] = ()

    @property
    def variables(self) -> frozenset[str]:
        """Every variable of every wording."""
        every = (*self.say, *self.again, *(t for t in (self.written, self.question, self.simple) if t))
        return frozenset(name for template in every for name in template.variables)


@dataclass(frozen=True, slots=True)
class Subject:
    """How an intent is named in a question: ``name`` with its article, and what callers call it."""

    intent: str
    name: str
    texts: tuple[str, ...]
    theme: str = ""


def read_answer(name: str, table: Table) -> Answer:
    """Read one answer; its mistakes are noted in the table."""
    say = templates(table.texts("dire"))
    again = templates(table.texts("redire", ()))
    written = table.text("ecrit", "")
    simple = table.text("simplement", "")
    question = table.text("question", "")
    links = [(link.text("titre"), link.text("adresse")) for link in _done(table.tables("liens"))]
    choices = tuple(read_choice(choice) for choice in table.tables("choix"))
    if table.has("oui"):
        choices = (
            Choice("oui", (), _goal(table, "oui"), "Oui", "1"),
            Choice("non", (), _goal(table, "non", "rien"), "Non", "2"),
            *choices,
        )
    if bool(question) != bool(choices):
        table.wrong("question", "une question va avec « oui = » ou des [[choix]]")
    for template in (*say, *again, *templates([text for text in (question, simple) if text])):
        fault = template.fault()
        if fault:
            table.wrong("dire", fault)
    answer = Answer(
        name,
        say,
        again,
        Template(written) if written else None,
        tuple(links),
        table.flag("confirmed", True),
        Template(question) if question else None,
        choices,
        table.texts("demander", ()),
        table.file,
        table.line(),
        Template(simple) if simple else None,
        table.texts("mots", ()),
    )
    table.done()
    return answer


def read_choice(table: Table) -> Choice:
    """Read one choice of a follow-up question or of the menu."""
    texts = table.texts("textes")
    goto = _goal(table, "vers")
    key = table.text("touche", "")
    if key and (len(key) != 1 or key not in "123456789"):
        table.wrong("touche", "une touche de 1 à 9 est attendue")
    choice = Choice(table.text("id"), texts or ("",), goto, table.text("titre", ""), key)
    table.done()
    return choice


def _goal(table: Table, key: str, default: str | None = None) -> str:
    goto = table.text(key, default)
    if goto and goto.split(":")[0] not in GOTO_KINDS:
        table.wrong(key, f"« {goto} » doit commencer par l’un de : {', '.join(GOTO_KINDS)}")
    return goto


def read_subject(intent: str, table: Table) -> Subject:
    """Read how an intent is named."""
    name = table.text("nom")
    subject = Subject(intent, name, (name, *table.texts("mots", ())), table.text("theme", ""))
    table.done()
    return subject


def _done(tables: list[Table]) -> list[Table]:
    for table in tables:
        table.text("titre")
        table.text("adresse")
        table.done()
    return tables


# Answers the policy tells by name, with the variables it gives them; every answer may also use the facts and the
# identity of the profile. An id that is neither here, nor an intent, nor the goal of a choice is a mistake.
TOLD: Mapping[str, frozenset[str]] = {
    name: frozenset(variables.split())
    for name, variables in {
        "accueil.ouvert": "",
        "accueil.ferme": "ouverture",
        "accueil.direct": "",
        "accueil.chat": "",
        "accueil.message": "message",
        "message.commune": "message commune",
        "demonstration": "",
        "transition": "",
        "autre_chose": "",
        "autre_chose.oui": "",
        "au_revoir": "",
        "au_revoir.silence": "",
        "silence.1": "",
        "silence.2": "",
        "silence.apres_reponse": "",
        "incompris.1": "",
        "incompris.question": "",
        "incompris.final": "",
        "hors_sujet": "",
        "hors_territoire": "lieu",
        "clarifier": "de_premier de_second",
        "menu": "",
        "confirmer.valeur": "valeur",
        "suite.demande": "sujet",
        "non_confirme": "",
        "conseiller.transfert": "",
        "conseiller.chat": "",
        "conseiller.chat.ferme": "ouverture",
        "astreinte.transfert": "",
        "conseiller.ferme": "ouverture",
        "conseiller.ferme.avec_message": "ouverture",
        "conseiller.absent": "",
        "conseiller.absent.avec_message": "",
        "conseiller.occupe": "",
        "conseiller.occupe.avec_message": "",
        "conseiller.attente": "",
        "conseiller.attente.premier": "",
        "conseiller.attente.second": "",
        "conseiller.attente.rang": "devant",
        "conseiller.attente.inconnue": "",
        "conseiller.attente.minute": "",
        "conseiller.attente.minutes": "minutes",
        "conseiller.attente.sortie": "",
        "conseiller.attente.sortie.avec_message": "",
        "conseiller.sans_reponse": "",
        "conseiller.sans_reponse.avec_message": "",
        "conseiller.echec": "",
        "conseiller.echec.avec_message": "",
        "conseiller.astreinte": "",
        "conseiller.astreinte.urgence": "",
        "conseiller.astreinte.eau": "",
        "conseiller.astreinte.assainissement": "",
        "insulte": "",
        "detresse": "",
        "rien_a_repeter": "",
        "attente": "",
        "tri.encombrants": "",
        "suite.delai": "",
        "clarifier.lequel": "",
        "suite.quantite": "",
        "suite.controle": "",
        "assainissement.fosse": "",
        "assainissement.fosse.pleine": "",
        "touche_inconnue": "",
        "plus_lentement": "",
        "plus_lentement.limite": "",
        "plus_fort": "",
        "non_compris_oui": "",
        "rien_a_annuler": "",
        "commune.question": "",
        "commune.question.2": "",
        "commune.clavier": "",
        "commune.liste": "choix",
        "commune.une": "lieu",
        "commune.encore": "",
        "commune.aucune": "",
        "commune.inconnue": "",
        "secteur.question": "a_commune choix",
        "flux.question": "",
        "objet.question": "",
        "collecte.prochaine": "a_commune le_flux sont_ramasses jours prochaine",
        "collecte.liste": "a_commune liste",
        "collecte.oui": "a_commune le_flux sont_ramasses jour",
        "collecte.non": "a_commune le_flux ne_sont_pas_ramasses jour prochaine",
        "collecte.ferie": "jour fete prochaine",
        "collecte.periode": "a_commune le_flux sont_ramasses liste",
        "collecte.periode_vide": "a_commune le_flux ne_sont_pas_ramasses prochaine",
        "collecte.jour": "a_commune jour liste",
        "collecte.jour_vide": "a_commune jour",
        "collecte.reporte": "prochaine fete",
        "collecte.sortie": "sortie",
        "collecte.apport": "a_commune le_flux du_flux ne_sont_pas_ramasses",
        "collecte.aucune": "a_commune",
        "collecte.sans": "a_commune le_flux ne_sont_pas_ramasses",
        "consignes.flux": "le_flux consigne",
        "tri.flux": "le_flux tri",
        "tri.reponse": "reponse",
        "tri.matiere": "matiere ou",
        "tri.inconnu": "objet",
        "tri.inconnu.fin": "",
        "apport.liste": "a_commune le_flux du_flux liste",
        "apport.proche": "a_commune le_flux du_flux lieu",
        "apport.inconnu": "du_flux le_flux",
        "centre.horaires": "site horaires",
        "centre.ouvert": "fin",
        "centre.ouvre": "debut",
        "centre.ferme": "prochaine",
        "centre.jour": "site jour horaires",
        "centre.ferme_jour": "site jour prochaine",
        "centre.adresse": "site adresse_site",
        "centre.proche": "a_commune site adresse_site",
        "mairie": "de_commune telephone_mairie adresse_mairie",
        "mairie.sans_telephone": "de_commune adresse_mairie",
        "communes.liste": "nombre liste suite",
        "communes.oui": "lieu",
        "service.etat.ouvert": "",
        "service.jour": "jour horaires",
        "service.jour.ferme": "jour prochaine",
        "plus_de_precisions": "",
        "incompris.abandon": "",
        "service.etat.ferme": "ouverture",
        "formulaire.reprise": "formulaire",
        "formulaire.abandon": "formulaire",
        "formulaire.inacheve": "formulaire",
        "formulaire.note": "",
        "formulaire.corrige": "valeur",
        "formulaire.invalide": "",
        "formulaire.dernier_essai": "",
        "formulaire.a_corriger": "",
        "formulaire.echec": "",
        "formulaire.date_indisponible": "date",
        "formulaire.creneaux_epuises": "",
        "formulaire.plus_tot": "",
        "formulaire.creneaux": "choix",
        "suivi.trouve": "reference etat",
        "suivi.inconnu": "reference",
        "rappel.numero_appelant": "fin_numero",
        "formulaire.echec.conseiller": "",
        "clarifier.un": "de_premier",
        "incompris.menu": "",
        "incompris.final.ferme": "",
        "resume.sujet": "sujet",
        "resume.commune": "commune",
        "resume.sans": "",
        "anglais.phrase": "",
        "entendu": "",
        "plus_simplement": "",
        "plus_de_temps": "",
        "certitude": "",
        "identite": "",
        "suivi.sans_reference": "",
        "telephone.suite": "chiffres",
        "urgence.astreinte": "",
        "anglais.phrase.ferme": "",
    }.items()
}

# Variables every sentence may use, whatever it is about: identity of the profile and the clock.
GLOBALS = frozenset(
    ["assistante", "collectivite", "service", "site", "telephone", "adresse", "email", "ouverture", "geste"]
)

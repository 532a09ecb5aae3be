"""What one file alone cannot tell: references between answers, forms, facts, targets and intents."""

from collections.abc import Callable
from typing import TypeAlias

from voicebot.dialog.errors import Mistake
from voicebot.dialog.knowledge.answers import GLOBALS, TOLD, Answer, Choice
from voicebot.dialog.knowledge.model import Knowledge

Wrong: TypeAlias = Callable[[str, str], None]

# Every name of INTENTS that a caller's request may carry; the conversational acts have no theme.
_REQUESTS = """
collecte.jours collecte.calendrier collecte.consignes collecte.oubli bac.demande
tri.objet tri.consignes tri.compost tri.dechets_verts apport.localisation
decheterie.horaires decheterie.adresse decheterie.acces encombrants.rdv encombrants.info redevance.pro
signalement.depot_sauvage signalement.point_plein
eau.fuite eau.coupure eau.qualite eau.prix eau.facture eau.compteur
assainissement.conformite assainissement.probleme
interco.info interco.communes commune.services service.horaires service.contact
reclamation suivi rappel conseiller rgpd urgence
"""
_ACTS = "saluer au_revoir merci oui non repeter plus_lentement aide menu annuler anglais hors_sujet"
ACTS = frozenset(_ACTS.split())
INTENTS = (*_REQUESTS.split(), *_ACTS.split())
MARKS = (
    "insultes",
    "detresse",
    "plus_fort",
    "digression",
    "correction",
    "rien",
    "suivants",
    "oui",
    "non",
    "premier",
    "second",
    "attente",
    "lieu",
    "vides",
    "deuxieme",
    "troisieme",
    "dernier",
    "indifferent",
    "objets_courants",
    "a_preciser",
    "autres_dates",
    "plus_simplement",
    "plus_de_temps",
    "certitude",
    "identite",
    "interpellations",
    "question",
    "changer_rendez_vous",
    "sans_reference",
    "apporter",
    "le_chercher",
    "plus_tot",
    "suite_delai",
    "suite_quantite",
    "suite_rendez_vous",
    "suite_prix",
    "suite_heures",
    "suite_lieu",
    "suite_numero",
    "suite_professionnel",
    "les_deux",
    "suite_assainissement",
    "fosse",
    "vidange",
    "controle_vente",
    "demande_personne",
    "desabonnement",
    "usager_secondaire",
    "usager_professionnel",
    "usager_principal",
    "laisser_message",
    "message_deja_laisse",
)


def check_knowledge(knowledge: Knowledge, where: str, mistakes: list[Mistake]) -> None:
    """Note in ``mistakes`` every reference that leads nowhere and everything that is missing."""

    def wrong(file: str, key: str, message: str) -> None:
        mistakes.append(Mistake(f"{where}/{file}" if file else where, 0, key, message))

    goals = {choice.goto for answer in knowledge.answers.values() for choice in answer.choices}
    goals |= {choice.goto for choice in knowledge.suggestions}
    for answer in knowledge.answers.values():
        _check_answer(knowledge, answer, goals, mistakes)
    for choice in knowledge.suggestions:
        _check_goal(knowledge, choice, "suggestions", lambda key, message: wrong("suggestions.toml", key, message))
    for name in TOLD:
        if name not in knowledge.answers:
            wrong("", name, "cette réponse manque dans answers/*.toml")
    for intent in INTENTS:
        if intent not in ACTS and intent not in knowledge.subjects:
            wrong("sujets.toml", intent, "il manque la façon de nommer cette intention")
    for name in MARKS:
        if name not in knowledge.marks:
            wrong("marques.toml", name, "cette liste manque")
    for form in knowledge.forms.values():
        for intent in form.intents:
            if intent not in INTENTS:
                wrong(f"forms/{form.id}.toml", "intentions", f"« {intent} » n’est pas une intention")
    for target in knowledge.identity.targets:
        for subject in target.subjects:
            if subject != "*" and not any(intent == subject or intent.startswith(subject + ".") for intent in INTENTS):
                wrong("profile.toml", f"cible {target.id}", f"« {subject} » n’est ni une intention ni un thème")


def _check_answer(knowledge: Knowledge, answer: Answer, goals: set[str], mistakes: list[Mistake]) -> None:
    def wrong(key: str, message: str) -> None:
        mistakes.append(Mistake(answer.file, answer.line, key, message))

    variant = any(answer.id.startswith(intent + ".") for intent in INTENTS if "." in intent)
    own = answer.id in knowledge.subjects  # a subject of this profile alone
    known = answer.id in TOLD or answer.id in INTENTS or own or variant or f"reponse:{answer.id}" in goals
    if answer.words and not variant:
        wrong("mots", "seule une réponse dont le nom prolonge celui d’une intention (eau.qualite.trouble) a des mots")
    if not known:
        wrong(answer.id, "cette réponse n’est utilisée nulle part : vérifier son nom")
    allowed = TOLD.get(answer.id, frozenset({"commune", "a_commune", "de_commune"})) | GLOBALS | set(knowledge.facts)
    for choice in answer.choices:
        _check_goal(knowledge, choice, answer.id, wrong)
    for name in sorted(answer.variables - allowed):
        wrong(answer.id, f"la variable {{{name}}} n’existe pas ici ; possibles : {', '.join(sorted(allowed))}")


def _check_goal(knowledge: Knowledge, choice: Choice, where: str, wrong: Wrong) -> None:
    kind, _, name = choice.goto.partition(":")
    lost = {
        "reponse": name not in knowledge.answers,
        "intention": name not in INTENTS,
        "formulaire": name not in knowledge.forms,
        "conseiller": bool(name) and name not in INTENTS,
        "message": bool(name),
        "rien": bool(name),
    }.get(kind, True)
    if lost:
        wrong(where, f"le choix « {choice.id} » mène à « {choice.goto} », qui n’existe pas")

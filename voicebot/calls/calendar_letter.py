"""The collection calendar as it is sent: an e-mail with a file for the diary, or a text message. Pure.

Its words are kept in ``prompts/calendar.toml``, where a civil servant can edit them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from voicebot.dialog.knowledge.icalendar import DayEvent, icalendar
from voicebot.dialog.knowledge.model import Knowledge
from voicebot.dialog.knowledge.passing import Passing, passing
from voicebot.dialog.wording import at_place, fold, full_date
from voicebot.words import WordsFile

_TABLES: Mapping[str, tuple[str, ...]] = {
    "courriel": ("objet", "texte", "ligne", "ligne_sans_sortie", "secteur", "prochains", "reserve"),
    "sms": ("texte", "ligne", "ligne_sans_sortie"),
    "fichier": ("nom", "titre", "evenement", "sortie", "reporte", "rappel"),
}
_LINE = frozenset({"flux", "secteur", "jours", "sortie"})
_WHOLE = frozenset({"a_commune", "commune", "debut", "fin", "lignes", "reserve", "assistante", "collectivite", "site"})
_PLACES = _LINE | _WHOLE | {"date"}
_DAYS = 365


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: ``subject``, ``text`` and the diary's ``file`` by e-mail, ``sms`` by text message.

    ``confirmed`` says that every round it tells is certain.
    """

    subject: str
    text: str
    file_name: str
    file: str
    sms: str
    confirmed: bool


def load_calendar_words(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Read ``path`` (TOML: [courriel], [sms] and [fichier]).

    Raises:
        WordsError: it is missing or invalid, or a text is missing, unknown, or has an unknown place.
    """
    file = WordsFile(path)
    words = {table: file.texts(table, dict.fromkeys(names, _PLACES)) for table, names in _TABLES.items()}
    file.settle()
    return words


def write_letter(
    words: Mapping[str, Mapping[str, str]], knowledge: Knowledge, commune: str, now: datetime
) -> Letter | None:
    """Return the calendar of ``commune`` for a year from ``now``; ``None`` when nothing is collected there."""
    first = now.date()
    last = first + timedelta(days=_DAYS)
    found = passing(knowledge, commune, first, last)
    if not found:
        return None
    confirmed = all(one.confirmed for one in found)
    site = knowledge.facts["site"].value if "site" in knowledge.facts else knowledge.identity.facts["site"].value
    values = {
        "commune": commune,
        "a_commune": at_place(commune),
        "debut": f"{full_date(first).written} {first.year}",
        "fin": f"{full_date(last).written} {last.year}",
        "reserve": "" if confirmed else words["courriel"]["reserve"],
        "assistante": knowledge.identity.assistant,
        "collectivite": knowledge.identity.community,
        "site": site,
    }
    mail, sms, file = words["courriel"], words["sms"], words["fichier"]
    slug = "-".join(fold(commune).split())
    return Letter(
        mail["objet"].format_map(values),
        mail["texte"].strip().format_map(values | {"lignes": "\n".join(_lines(mail, mail, found))}) + "\n",
        file["nom"].format_map(values | {"commune": slug}),
        icalendar(file["titre"].format_map(values), _events(words, found, f"{slug}@{knowledge.identity.id}"), now),
        sms["texte"].format_map(values | {"lignes": " ".join(_lines(sms, mail, found))}),
        confirmed,
    )


def _lines(words: Mapping[str, str], mail: Mapping[str, str], found: Sequence[Passing]) -> list[str]:
    return [words["ligne" if one.put_out else "ligne_sans_sortie"].format_map(_line_values(mail, one)) for one in found]


def _line_values(mail: Mapping[str, str], one: Passing) -> dict[str, str]:
    sector = mail["secteur"].format_map({"secteur": one.sector}) if one.sector else ""
    days = one.days if one.regular else mail["prochains"].format_map({"jours": one.days})
    return {"flux": one.name[:1].upper() + one.name[1:], "secteur": sector, "jours": days, "sortie": one.put_out}


def _events(words: Mapping[str, Mapping[str, str]], found: Sequence[Passing], place: str) -> list[DayEvent]:
    file, events = words["fichier"], []
    for one in found:
        values = _line_values(words["courriel"], one)
        for each in one.passes:
            details = [file["sortie"].format_map(values)] if one.put_out else []
            if each.moved_from is not None:
                details.append(file["reporte"].format_map({"date": full_date(each.moved_from).written}))
            events.append(
                DayEvent(
                    f"{each.day.isoformat()}-{one.stream}-{'-'.join(fold(one.sector).split())}-{place}",
                    each.day,
                    file["evenement"].format_map(values),
                    " ".join(details),
                    file["rappel"].format_map(values | {"flux": one.name}),
                )
            )
    return sorted(events, key=lambda event: (event.day, event.title))

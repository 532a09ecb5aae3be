"""The calendars of a profile together, and what its editors must be told about them."""

from collections.abc import Iterable
from datetime import date, timedelta

from voicebot.hours import words
from voicebot.hours.calendar import Calendar

WARNING_AHEAD = timedelta(days=184)
"""Six months, the longest they can be."""


class UnknownCalendar(LookupError):
    """No calendar has this id; the message names those there are."""


class OpeningHours:
    """The calendars of one profile, by id."""

    def __init__(self, calendars: Iterable[Calendar]) -> None:
        self._calendars = {calendar.id: calendar for calendar in calendars}

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the calendars, in the order they were written."""
        return tuple(self._calendars)

    def calendar(self, id: str) -> Calendar:  # noqa: A002
        """Return a calendar.

        Raises:
            UnknownCalendar: there is none with this ``id``.
        """
        try:
            return self._calendars[id]
        except KeyError:
            known = ", ".join(self._calendars) or "aucun"
            raise UnknownCalendar(f"hours.toml : pas de calendrier « {id} » ; connus : {known}") from None

    def unconfirmed(self) -> tuple[str, ...]:
        """Return the ids of the calendars that the community has not confirmed."""
        return tuple(calendar.id for calendar in self._calendars.values() if not calendar.confirmed)

    def warnings(self, today: date) -> tuple[str, ...]:
        """Return, in French, what will need an editor within six months of ``today``."""
        found: list[str] = []
        for calendar in self._calendars.values():
            if calendar.timetable.depends_on_school:
                found.extend(_school_warning(calendar, today))
        return tuple(dict.fromkeys(found))


def _school_warning(calendar: Calendar, today: date) -> list[str]:
    school = calendar.school
    until = school.known_until(today)
    advice = "les ajouter dans hours.toml, [[vacances_scolaires.annee]], ou mettre à jour vacances-scolaires-france"
    if until is None:
        return [
            f"hours.toml : les vacances scolaires de la zone {school.zone} ne sont pas connues pour l’année en cours : "
            f"les horaires des vacances ne s’appliquent pas ; {advice}"
        ]
    if until - today > WARNING_AHEAD:
        return []
    return [
        f"hours.toml : les vacances scolaires de la zone {school.zone} ne sont connues que jusqu’au "
        f"{words.full_date(until, today)} : ensuite les horaires des vacances ne s’appliqueront plus ; {advice}"
    ]

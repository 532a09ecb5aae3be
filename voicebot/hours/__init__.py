"""Opening hours: when a service is open, when it opens next, and how to say so in French.

A leaf of the house: values in, values out, no clock of its own. Hours are data (``hours.toml`` of a profile).
"""

from voicebot.hours.calendar import Calendar, Exceptional, Season, Timetable, Week
from voicebot.hours.days import SchoolYears
from voicebot.hours.opening import OpeningHours, UnknownCalendar
from voicebot.hours.reading import HoursMistake, HoursRefused, load_hours

__all__ = [
    "Calendar",
    "Exceptional",
    "HoursMistake",
    "HoursRefused",
    "OpeningHours",
    "SchoolYears",
    "Season",
    "Timetable",
    "UnknownCalendar",
    "Week",
    "load_hours",
]

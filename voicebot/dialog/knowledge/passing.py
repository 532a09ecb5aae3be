"""Where and when the lorry passes at one commune over a period: for a calendar, a letter, a text message. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from voicebot.dialog.knowledge.collection import ALL_YEAR, Pass, Round
from voicebot.dialog.knowledge.model import Knowledge
from voicebot.dialog.wording import enumeration, full_date
from voicebot.hours.words import WEEKDAYS

_NEXT = 3


@dataclass(frozen=True, slots=True)
class Passing:
    """The passes of one stream, in one sector where the commune has several.

    ``days`` says them in a few words: the weekdays when they are always the same (``regular``), else the next dates.
    """

    stream: str
    name: str
    sector: str
    passes: tuple[Pass, ...]
    days: str
    regular: bool
    put_out: str
    confirmed: bool


def passing(knowledge: Knowledge, commune: str, first: date, last: date) -> tuple[Passing, ...]:
    """Return what is collected at ``commune`` from ``first`` to ``last``, both included."""
    return tuple(_passing(knowledge, commune, first, last))


def _passing(knowledge: Knowledge, commune: str, first: date, last: date) -> Iterator[Passing]:
    collection = knowledge.collection
    for stream in collection.streams(commune):
        for sector in collection.sectors(commune, stream) or ("",):
            rounds = collection.rounds_of(commune, stream, sector)
            passes = tuple(collection.passes(commune, stream, sector, first, last))
            if passes:
                yield Passing(
                    stream,
                    knowledge.streams[stream].name if stream in knowledge.streams else stream,
                    sector,
                    passes,
                    _days(rounds, passes),
                    _regular(rounds),
                    next((one.put_out for one in rounds if one.put_out), ""),
                    all(one.confirmed for one in rounds),
                )


def _regular(rounds: tuple[Round, ...]) -> bool:
    return all(one.every_week() and one.season == ALL_YEAR for one in rounds)


def _days(rounds: tuple[Round, ...], passes: tuple[Pass, ...]) -> str:
    if _regular(rounds):
        weekdays = sorted({day for one in rounds for day in one.weekdays()})
        return enumeration([f"le {WEEKDAYS[day]}" for day in weekdays], "et")
    return enumeration([f"le {full_date(each.day).written}" for each in passes[:_NEXT]], "et")

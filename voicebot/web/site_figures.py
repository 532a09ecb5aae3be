"""Figures: a period beside the one before it, commitments, charts with their tables, exports, the month's report."""

import asyncio
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup

from voicebot.clock import PARIS
from voicebot.dialog.wording import of_place
from voicebot.hours.words import MONTHS
from voicebot.journal.archive import Archive
from voicebot.journal.figures import Report
from voicebot.journal.sheets import load_labels, report_rows, write_csv, write_xlsx
from voicebot.web.charts import Bar, columns, paired, ranks
from voicebot.web.commitments import Commitments, Kept, measure
from voicebot.web.site_contacts import choices, chosen, communes, period, subject_names
from voicebot.web.site_frame import Frame, May, Visit, Wrong

PATH = "/chiffres"

_LONGEST_DAILY = 62
_MOST_RANKS = 12
_FIGURE_FILTERS = ("channel", "theme", "nature", "category", "commune")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LABELS = load_labels()


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart and the table behind it: (name, value, value before) a row."""

    title: str
    drawing: Markup
    rows: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Bilan:
    """All that a page of figures shows: the period, the one before, commitments and charts."""

    now: Report
    before: Report
    commitments: Sequence[Kept]
    charts: Sequence[Chart]


def figure_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of figures."""
    return [
        web.get(PATH, frame.guarded(May.FIGURES, _page)),
        web.get(PATH + "/export.csv", frame.guarded(May.FIGURES, _csv)),
        web.get(PATH + "/export.xlsx", frame.guarded(May.FIGURES, _xlsx)),
        web.get(PATH + "/bilan", frame.guarded(May.FIGURES, _month)),
    ]


@dataclass(frozen=True, slots=True)
class Reading:
    """How figures are read: the service's ``targets``, and how each request is named by ``subjects``."""

    targets: Commitments
    subjects: Mapping[str, str]


async def make_bilan(archive: Archive, first: date, last: date, only: Mapping[str, str], reading: Reading) -> Bilan:
    """Read a period and the one of the same length before it, and draw them."""
    days = (last - first).days + 1
    now = await archive.report(first, last, only)
    before = await archive.report(first - timedelta(days=days), first - timedelta(days=1), only)
    return Bilan(now, before, measure(now, reading.targets), _charts(now, before, reading.subjects))


def month_before(today: date) -> tuple[date, date]:
    """Return the first and the last day of the month before that of ``today``."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def of_month(first: date) -> str:
    """Write of which month something is: ``de novembre 2026``, ``d’octobre 2026``."""
    return f"{of_place(MONTHS[first.month - 1])} {first.year}"


async def _read(visit: Visit) -> Bilan:
    asked = period(visit)
    return await make_bilan(visit.needs.archive, asked.first, asked.last, _only(visit), _reading(visit))


def _reading(visit: Visit) -> Reading:
    return Reading(visit.needs.commitments, subject_names(visit))


def _only(visit: Visit) -> dict[str, str]:
    return {name: value for name, value in chosen(visit).items() if name in _FIGURE_FILTERS}


async def _page(visit: Visit) -> web.StreamResponse:
    kept = {name: value for name, value in visit.request.query.items() if value}
    asked = period(visit)
    may_read = visit.may(May.CALLS)
    comments = await visit.needs.archive.comments(asked.first, asked.last, _only(visit)) if may_read else []
    return visit.page(
        "chiffres.html",
        bilan=await _read(visit),
        comments=comments,
        period=asked,
        choices=choices(),
        communes=communes(visit),
        query=urlencode(kept),
        questions=_LABELS["satisfaction"],
        figures=_LABELS["chiffres"] | _LABELS["engagements"],
    )


async def _month(visit: Visit) -> web.StreamResponse:
    """The report of a month, to be printed; the month before by default."""
    first, last = _asked_month(visit)
    bilan = await make_bilan(visit.needs.archive, first, last, {}, _reading(visit))
    return visit.page(
        "bilan.html",
        bilan=bilan,
        month=of_month(first),
        value=f"{first:%Y-%m}",
        questions=_LABELS["satisfaction"],
        figures=_LABELS["chiffres"] | _LABELS["engagements"],
    )


def _asked_month(visit: Visit) -> tuple[date, date]:
    today = visit.needs.clock.now().astimezone(PARIS).date()
    text = visit.query("mois")
    if not text:
        return month_before(today)
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Wrong(f"« {text} » n’est pas un mois. Écrivez par exemple : 2026-11.") from error
    _, last = month_before((first + timedelta(days=32)).replace(day=1))
    return first, last


async def _csv(visit: Visit) -> web.StreamResponse:
    asked = period(visit)
    report = await visit.needs.archive.report(asked.first, asked.last, _only(visit))
    text = io.StringIO(newline="")
    write_csv(report_rows(report), text)
    await visit.keep("export", PATH, first=asked.first.isoformat(), last=asked.last.isoformat(), format="csv")
    return _file(text.getvalue().encode("utf-8-sig"), "text/csv", f"chiffres-{asked.first}-{asked.last}.csv")


async def _xlsx(visit: Visit) -> web.StreamResponse:
    asked = period(visit)
    report = await visit.needs.archive.report(asked.first, asked.last, _only(visit))

    def written() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "chiffres.xlsx"
            write_xlsx(report_rows(report), path)
            return path.read_bytes()

    body = await asyncio.to_thread(written)
    await visit.keep("export", PATH, first=asked.first.isoformat(), last=asked.last.isoformat(), format="xlsx")
    return _file(body, _XLSX, f"chiffres-{asked.first}-{asked.last}.xlsx")


def _file(body: bytes, kind: str, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, content_type=kind, headers=headers)


def _charts(now: Report, before: Report, subjects: Mapping[str, str]) -> list[Chart]:
    charts = [_time_chart(now, before), _hour_chart(now, before)]
    for name in (
        "themes",
        "communes",
        "categories",
        "outcomes",
        "channels",
        "natures",
        "intents",
        "records",
        "transfers",
    ):
        counts: Mapping[str, int] = getattr(now.volumes, name)
        if not counts:
            continue
        names = _LABELS.get(name, {}) | (dict(subjects) if name == "intents" else {})
        then: Mapping[str, int] = getattr(before.volumes, name)
        bars = [Bar(names.get(value, value), count, then.get(value, 0)) for value, count in counts.items()]
        title = _LABELS["chiffres"][name]
        charts.append(Chart(title, ranks(title, bars[:_MOST_RANKS]), bars))
    return charts


def _time_chart(now: Report, before: Report) -> Chart:
    """Draw days, or months when there are too many days to read."""
    if (now.last - now.first).days < _LONGEST_DAILY:
        days = [now.first + timedelta(days=place) for place in range((now.last - now.first).days + 1)]
        former = [before.first + timedelta(days=place) for place in range(len(days))]
        bars = paired(
            [(f"{day:%d/%m}", now.volumes.days.get(day.isoformat(), 0)) for day in days],
            [before.volumes.days.get(day.isoformat(), 0) for day in former],
        )
        title = _LABELS["chiffres"]["days"]
    else:
        bars = [Bar(name, count) for name, count in _by_month(now).items()]
        title = "Contacts par mois"
    return Chart(title, columns(title, bars), bars)


def _by_month(report: Report) -> dict[str, int]:
    months: dict[str, int] = {}
    day = report.first
    while day <= report.last:
        months.setdefault(f"{day:%m/%Y}", 0)
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    for iso, count in report.volumes.days.items():
        months[f"{iso[5:7]}/{iso[:4]}"] += count
    return months


def _hour_chart(now: Report, before: Report) -> Chart:
    title = _LABELS["chiffres"]["hours"]
    bars = paired(
        [(f"{hour} h", now.volumes.hours.get(hour, 0)) for hour in range(24)],
        [before.volumes.hours.get(hour, 0) for hour in range(24)],
    )
    return Chart(title, columns(title, bars), bars)

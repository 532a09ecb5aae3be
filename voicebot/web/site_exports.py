"""The list of contacts as a file, with the filters of the page: sent as it is read, whatever its length."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from aiohttp import web

from voicebot.journal.errors import JournalAway
from voicebot.journal.exporting import CONTACT_COLUMNS, CsvSheet, Sheet, XlsxSheet, contact_cells
from voicebot.journal.listing import LONGEST_PAGE, Asked, Listing
from voicebot.journal.searching import find_words
from voicebot.web.site_contacts import PATH, chosen, period, subject_names
from voicebot.web.site_frame import Frame, May, Visit

log = logging.getLogger(__name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of the files of contacts."""
    return [
        web.get(PATH + "/export.csv", frame.guarded(May.EXPORT, _csv)),
        web.get(PATH + "/export.xlsx", frame.guarded(May.EXPORT, _xlsx)),
    ]


async def _csv(visit: Visit) -> web.StreamResponse:
    return await _send(visit, CsvSheet(), "text/csv; charset=utf-8", "csv")


async def _xlsx(visit: Visit) -> web.StreamResponse:
    return await _send(visit, XlsxSheet(), XLSX, "xlsx")


async def _send(visit: Visit, sheet: Sheet, kind: str, suffix: str) -> web.StreamResponse:
    asked, words = period(visit), visit.query("mots")
    told = {"first": asked.first.isoformat(), "last": asked.last.isoformat(), "format": suffix}
    await visit.keep("export", PATH, **told, **chosen(visit), words=bool(words))
    name = f"contacts-{asked.first}-{asked.last}.{suffix}"
    response = visit.frame.dressed(
        web.StreamResponse(headers={"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'})
    )
    await response.prepare(visit.request)
    try:
        return await _written(
            visit, sheet, response, Asked(asked.since, asked.until, chosen(visit), limit=LONGEST_PAGE)
        )
    finally:
        sheet.close()


async def _written(visit: Visit, sheet: Sheet, response: web.StreamResponse, asked: Asked) -> web.StreamResponse:
    subjects, words = subject_names(visit), visit.query("mots")
    await response.write(sheet.begin(CONTACT_COLUMNS))
    try:
        async for rows in _pages(visit, asked, words):
            cells = [contact_cells(row, subjects) for row in rows]
            if written := await asyncio.to_thread(sheet.add, cells):
                await response.write(written)
    except JournalAway as error:
        log.error("a file of contacts was cut: %s", error)
        if visit.request.transport is not None:  # whoever receives it must see that it is not whole
            visit.request.transport.abort()
        return response
    await response.write(sheet.end())
    await response.write_eof()
    return response


async def _pages(visit: Visit, asked: Asked, words: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield contacts a few at a time, the newest first."""
    database = visit.needs.archive.database
    while True:
        page = await (find_words(database, words, asked) if words else Listing(database).contacts(asked))
        yield page.rows
        if not page.cursor:
            return
        asked = replace(asked, cursor=page.cursor)

"""The sound of a message left after the beep, decrypted for one listener at a time; each request is kept.

Ranges (RFC 9110, section 14) let a player begin anywhere. Nothing is left in a cache.
"""

import asyncio

from aiohttp import web

from voicebot.journal.errors import KeyTrouble
from voicebot.journal.voicemail import Voicemail
from voicebot.journal.voices import VoiceTrouble
from voicebot.web.site_frame import Visit, Wrong


async def listen(visit: Visit) -> web.StreamResponse:
    """Return the WAV of the message of a record, or the range of it that is asked for."""
    archive = visit.needs.archive
    found = await Voicemail(archive.database, archive.seal).of(visit.request.match_info["record"])
    if found is None or archive.files is None:
        raise web.HTTPNotFound
    await visit.keep("listen", found.record)
    try:
        wav = await asyncio.to_thread(archive.files.read, found.voice)
    except VoiceTrouble as error:
        raise Wrong("Le son de ce message n’est pas sur ce serveur. Prévenez l’administrateur.") from error
    except KeyTrouble as error:
        raise Wrong("Le son de ce message ne peut pas être déchiffré. Prévenez l’administrateur.") from error
    return _ranged(visit.request, wav)


def _ranged(request: web.Request, wav: bytes) -> web.Response:
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store", "Content-Disposition": "inline"}
    try:
        asked = request.http_range
    except ValueError:
        return web.Response(status=416, headers=headers | {"Content-Range": f"bytes */{len(wav)}"})
    if asked.start is None:
        return web.Response(body=wav, content_type="audio/wav", headers=headers)
    first, last, _ = asked.indices(len(wav))
    if first >= last:
        return web.Response(status=416, headers=headers | {"Content-Range": f"bytes */{len(wav)}"})
    headers["Content-Range"] = f"bytes {first}-{last - 1}/{len(wav)}"
    return web.Response(status=206, body=wav[first:last], content_type="audio/wav", headers=headers)

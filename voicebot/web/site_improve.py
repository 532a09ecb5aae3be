"""What was not understood, and the changes it suggests: proposed, reviewed, in force at once, taken back as easily."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from voicebot.journal.improving import Improving, Kind, State, grouped
from voicebot.web.site_contacts import period, subject_names
from voicebot.web.site_frame import Away, Frame, May, Visit, Wrong

PATH = "/progres"

_EXAMPLES = Path("ajouts") / "exemples.toml"
_ANSWERS = Path("answers") / "ajouts.toml"
_HEAD = "# Écrit par la page « Progrès » : modifiez là-bas, ce fichier y est récrit en entier.\n"
_LONGEST = 400
_DECISIONS: dict[str, State] = {"accepter": "applied", "refuser": "rejected", "retirer": "withdrawn"}


def improve_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of improvement."""
    frame.needs.state["improving"] = asyncio.Lock()
    return [
        web.get(PATH, frame.guarded(May.IMPROVE, _page)),
        web.post(PATH, frame.guarded(May.IMPROVE, _propose)),
        web.post(PATH + "/{proposal:\\d{1,9}}", frame.guarded(May.IMPROVE, _decide)),
    ]


async def _page(visit: Visit) -> web.StreamResponse:
    asked, improving = period(visit), Improving(visit.needs.archive.database)
    missed = await improving.missed(asked.first, asked.last)
    profile = visit.needs.service.profile()
    names = sorted(subject_names(visit).items(), key=lambda one: one[1])
    return visit.page(
        "progres.html",
        period=asked,
        groups=await asyncio.to_thread(grouped, missed),
        total=len(missed),
        proposals=await improving.proposals(profile.name),
        names=names,
        subjects=subject_names(visit),
        answered=[(intent, name) for intent, name in names if intent in profile.knowledge.answers],
    )


async def _propose(visit: Visit) -> web.StreamResponse:
    kind: Kind = "answer" if visit.field("kind") == "answer" else "example"
    text, target = " ".join(visit.field("text", _LONGEST + 1).split()), visit.field("target")
    if not text or len(text) > _LONGEST:
        raise Wrong(f"Le texte doit compter de 1 à {_LONGEST} caractères.")
    if target not in subject_names(visit):
        raise Wrong("Choisissez le sujet.")
    if kind == "answer" and ("{" in text or "}" in text):
        raise Wrong("Une réponse s’écrit sans accolades.")
    await Improving(visit.needs.archive.database).propose(
        visit.needs.service.profile().name, kind, target, text, visit.user.login, visit.needs.clock.now()
    )
    raise Away(PATH + "#propositions")


async def _decide(visit: Visit) -> web.StreamResponse:
    decision = _DECISIONS.get(visit.field("decision"))
    if decision is None:
        raise Wrong("Choisissez d’accepter, de refuser ou de retirer.")
    proposal = int(visit.request.match_info["proposal"])
    improving, at = Improving(visit.needs.archive.database), visit.needs.clock.now()
    lock: asyncio.Lock = visit.needs.state["improving"]
    async with lock:
        if not await improving.review(proposal, decision, visit.user.login, at):
            raise Wrong("Cette proposition a déjà été traitée.")
        if decision == "rejected":
            raise Away(PATH + "#propositions")
        mistakes = await _put_in_force(visit, improving)
        if mistakes:  # the profile refuses it: as before
            back: State = "applied" if decision == "withdrawn" else "proposed"
            await improving.review(proposal, "proposed", visit.user.login, at)
            if back == "applied":
                await improving.review(proposal, back, visit.user.login, at)
            await _put_in_force(visit, improving)
            raise Wrong("Le profil refuse cette modification : " + " ".join(mistakes))
    raise Away(PATH + "#propositions")


async def _put_in_force(visit: Visit, improving: Improving) -> tuple[str, ...]:
    """Write the added files of the profile from what is in force, and reload it; return its mistakes."""
    service = visit.needs.service
    if service.profiles_dir is None or service.reload is None:
        raise Wrong("Le contenu ne peut pas être modifié d’ici.")
    profile = service.profile().name
    found = await improving.in_force(profile)
    await asyncio.to_thread(write_additions, service.profiles_dir / profile, found)
    return await service.reload()


def write_additions(folder: Path, found: Sequence[Mapping[str, Any]]) -> None:
    """Write what was added to the profile in ``folder``: examples of intents, answers. Nothing left: no file."""
    examples: dict[str, list[str]] = {}
    answers: dict[str, str] = {}
    for one in found:
        if one["kind"] == "example":
            examples.setdefault(one["target"], []).append(one["text"])
        else:
            answers[one["target"]] = one["text"]
    _write(folder / _EXAMPLES, [f"{_text(name)} = {_texts(texts)}" for name, texts in sorted(examples.items())])
    _write(folder / _ANSWERS, [f"[{_text(name)}]\ndire = {_text(text)}\n" for name, text in sorted(answers.items())])


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "")  # a JSON string is a TOML string


def _texts(texts: Sequence[str]) -> str:
    return "[" + ", ".join(_text(text) for text in texts) + "]"


def _write(path: Path, lines: Sequence[str]) -> None:
    if not lines:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    os.replace(fresh, path)

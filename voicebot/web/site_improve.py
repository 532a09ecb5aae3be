"""What was not understood, and the changes it suggests: proposed, reviewed, in force at once, taken back as easily.

A change is accepted by somebody else than who proposed it, as long as there is somebody else who may.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from voicebot.dialog.nlu.base import Background, Understander
from voicebot.dialog.nlu.views import ACTS
from voicebot.journal.improving import Group, Improving, Kind, State, grouped
from voicebot.web.additions import new_id, write_additions
from voicebot.web.site_contacts import period, subject_names
from voicebot.web.site_frame import Away, Frame, May, Visit, Wrong, may

PATH = "/progres"

_LONGEST = 400
_LONGEST_NAME = 80
_FEWEST_EXAMPLES = 3
_MOST_EXAMPLES = 30
_SUGGESTED = 3
_MOST_GROUPS = 40
_DECISIONS: dict[str, State] = {"accepter": "applied", "refuser": "rejected", "retirer": "withdrawn"}


@dataclass(frozen=True, slots=True)
class Missed:
    """Sentences that were not understood, the subjects they are likeliest about, and whether that is dealt with."""

    group: Group
    likely: Sequence[str]
    proposed: bool


def improve_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of improvement."""
    frame.needs.state["improving"] = asyncio.Lock()
    frame.needs.state["likely"] = _Likely()
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
    proposals = await improving.proposals(profile.name)
    groups = (await asyncio.to_thread(grouped, missed))[:_MOST_GROUPS]
    chosen = await asyncio.to_thread(_looked_at, visit, profile.understander, groups, proposals)
    return visit.page(
        "progres.html",
        period=asked,
        groups=chosen,
        total=len(missed),
        proposals=proposals,
        history=await improving.history([one["id"] for one in proposals]),
        reviewers=await _others(visit),
        names=names,
        subjects=subject_names(visit),
        answers={intent: profile.knowledge.answers[intent].say[0].text for intent, _ in _answered(visit, names)},
        answered=_answered(visit, names),
        few=_FEWEST_EXAMPLES,
    )


def _answered(visit: Visit, names: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    answers = visit.needs.service.profile().knowledge.answers
    return [(intent, name) for intent, name in names if intent in answers]


def _looked_at(
    visit: Visit, understander: Understander, groups: Sequence[Group], proposals: Sequence[Mapping[str, Any]]
) -> list[Missed]:
    likely: _Likely = visit.needs.state["likely"]
    known = subject_names(visit)
    dealt = {line for one in proposals if one["state"] in ("proposed", "applied") for line in one["text"].splitlines()}
    background = Background(visit.needs.clock.now())
    return [
        Missed(group, likely.of(group.texts[0], understander, background, known), not dealt.isdisjoint(group.texts))
        for group in groups
    ]


class _Likely:
    """The subjects that the brain itself finds likeliest for a sentence; asked once for each version of it.

    Used from worker threads: two may work out the same sentence, and agree.
    """

    def __init__(self) -> None:
        self._of: Understander | None = None
        self._found: dict[str, tuple[str, ...]] = {}

    def of(
        self, text: str, understander: Understander, background: Background, known: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Return the likeliest subjects of ``text`` among those ``known``, best first."""
        if self._of is not understander:
            self._of, self._found = understander, {}
        if text not in self._found:
            ranked = understander.understand(text, (), background).candidates
            names = [one.intent for one in ranked if one.intent in known and one.intent not in ACTS]
            self._found[text] = tuple(names[:_SUGGESTED])
        return self._found[text]


async def _others(visit: Visit) -> int:
    """Return how many people besides the visitor may review."""
    users = await visit.needs.accounts.all()
    return sum(one.active and one.login != visit.user.login and may(one, May.IMPROVE) for one in users)


async def _propose(visit: Visit) -> web.StreamResponse:
    profile = visit.needs.service.profile()
    kind: Kind
    detail: dict[str, str] | None = None
    match visit.field("kind"):
        case "subject":
            kind, detail = "subject", {"name": _line(visit, "name", _LONGEST_NAME), "answer": _answer(visit, "answer")}
            target, text = new_id(detail["name"], profile.knowledge.subjects), _examples(visit)
        case "answer":
            kind, target, text = "answer", _target(visit), _answer(visit, "text")
        case _:
            kind, target, text = "example", _target(visit), _line(visit, "text", _LONGEST)
    await Improving(visit.needs.archive.database).propose(
        profile.name, kind, target, text, visit.user.login, visit.needs.clock.now(), detail
    )
    raise Away(PATH + "#propositions")


def _line(visit: Visit, name: str, longest: int) -> str:
    text = " ".join(visit.field(name, longest + 1).split())
    if not text or len(text) > longest:
        raise Wrong(f"Le texte doit compter de 1 à {longest} caractères.")
    return text


def _answer(visit: Visit, name: str) -> str:
    text = _line(visit, name, _LONGEST)
    if "{" in text or "}" in text:
        raise Wrong("Une réponse s’écrit sans accolades.")
    return text


def _examples(visit: Visit) -> str:
    lines = [" ".join(line.split()) for line in visit.field("text", _LONGEST * _MOST_EXAMPLES).splitlines()]
    found = list(dict.fromkeys(line for line in lines if line))
    if not _FEWEST_EXAMPLES <= len(found) <= _MOST_EXAMPLES or any(len(line) > _LONGEST for line in found):
        raise Wrong(f"Écrivez de {_FEWEST_EXAMPLES} à {_MOST_EXAMPLES} façons de le demander, une par ligne.")
    if any(line.startswith("#") for line in found):
        raise Wrong("Une façon de le demander ne commence pas par le signe #.")
    return "\n".join(found)


def _target(visit: Visit) -> str:
    target = visit.field("target")
    if target not in subject_names(visit):
        raise Wrong("Choisissez le sujet.")
    return target


async def _decide(visit: Visit) -> web.StreamResponse:
    decision = _DECISIONS.get(visit.field("decision"))
    if decision is None:
        raise Wrong("Choisissez d’accepter, de refuser ou de retirer.")
    proposal = int(visit.request.match_info["proposal"])
    improving, at = Improving(visit.needs.archive.database), visit.needs.clock.now()
    found = await improving.proposal(visit.needs.service.profile().name, proposal)
    if found is None:
        raise web.HTTPNotFound
    if decision == "applied" and found["proposed_by"] == visit.user.login and await _others(visit):
        raise Wrong("Une autre personne doit accepter ce que vous avez proposé.")
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
    try:
        await asyncio.to_thread(write_additions, service.profiles_dir / profile, found)
    except OSError as error:
        return (f"Le dossier du profil ne peut pas être écrit ({error.strerror}).",)
    return await service.reload()

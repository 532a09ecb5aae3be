"""What was not understood, grouped by likeness; and the changes of a profile proposed, reviewed, taken back.

A proposal is written to nothing until it is accepted; who may do so is the page's to say. Those in force are the
whole content of the profile's added files, which are written again from them at each change: taking one back is exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, TypeAlias

from rapidfuzz import fuzz, process, utils
from sqlalchemy import insert, select, update

from voicebot.journal.database import Database
from voicebot.journal.schema import actions, proposals, turns

Kind: TypeAlias = Literal["example", "answer", "subject"]
State: TypeAlias = Literal["proposed", "applied", "rejected", "withdrawn"]

_MOST_TURNS = 2000
_ALIKE = 78
_MOST_PROPOSALS = 300
_BEFORE: Mapping[State, tuple[State, ...]] = {
    "applied": ("proposed",),
    "rejected": ("proposed",),
    "withdrawn": ("applied",),
    "proposed": ("applied", "withdrawn"),
}
"""From which states a proposal may come to each."""


@dataclass(slots=True)
class Group:
    """Sentences that look alike, the first heard in front; ``contacts`` are where they were heard."""

    texts: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)


class Improving:
    """The improvement of one database's profiles. Every method may raise ``JournalAway``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def missed(self, first: date, last: date) -> list[tuple[str, str]]:
        """Return what was heard and not understood in a period, the latest first, with its contact."""
        here = turns.c.day.between(first.isoformat(), last.isoformat())
        query = select(turns.c.heard, turns.c.contact_id).where(
            here, turns.c.understood.is_(False), turns.c.heard != ""
        )
        async with self._database.reading() as connection:
            rows = await connection.execute(query.order_by(turns.c.day.desc(), turns.c.at.desc()).limit(_MOST_TURNS))
            return [(row.heard, row.contact_id) for row in rows]

    async def proposals(self, profile: str) -> list[dict[str, Any]]:
        """Return the proposals of a profile, the latest first."""
        query = select(proposals).where(proposals.c.profile == profile).order_by(proposals.c.id.desc())
        async with self._database.reading() as connection:
            return [dict(row) for row in (await connection.execute(query.limit(_MOST_PROPOSALS))).mappings()]

    async def in_force(self, profile: str) -> list[dict[str, Any]]:
        """Return the proposals of a profile that were accepted and not taken back, in order."""
        here = (proposals.c.profile == profile) & (proposals.c.state == "applied")
        async with self._database.reading() as connection:
            found = await connection.execute(select(proposals).where(here).order_by(proposals.c.reviewed_at))
            return [dict(row) for row in found.mappings()]

    async def propose(
        self,
        profile: str,
        kind: Kind,
        target: str,
        text: str,
        who: str,
        at: datetime,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """Keep a proposal; ``detail`` holds the name and the answer of a new subject."""
        row = {"profile": profile, "kind": kind, "target": target, "text": text, "state": "proposed", "detail": detail}
        async with self._database.writing() as connection:
            kept = await connection.execute(insert(proposals).values(row | {"proposed_by": who, "proposed_at": at}))
            [number] = kept.inserted_primary_key or (0,)
            told = {"kind": kind, "target": target, "text": text, "state": "proposed"}
            await connection.execute(insert(actions), _action(who, "propose", str(number), at, told))

    async def proposal(self, profile: str, proposal: int) -> dict[str, Any] | None:
        """Return a proposal of a profile; ``None`` when there is none of this number."""
        query = select(proposals).where(proposals.c.profile == profile, proposals.c.id == proposal)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else dict(row)

    async def history(self, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Return what became of proposals, by their number: each state, who moved it there and when, in order."""
        subjects = [str(number) for number in numbers]
        here = actions.c.action.in_(("propose", "review")) & actions.c.subject.in_(subjects)
        query = select(actions.c.subject, actions.c.who, actions.c.at, actions.c.detail).where(here)
        found: dict[int, list[dict[str, Any]]] = {}
        async with self._database.reading() as connection:
            for row in await connection.execute(query.order_by(actions.c.id)):
                step = {"who": row.who, "at": row.at, "state": row.detail["state"]}
                found.setdefault(int(row.subject), []).append(step)
        return found

    async def review(self, proposal: int, state: State, who: str, at: datetime) -> bool:
        """Move a proposal to ``state``; return whether it could be."""
        allowed = _BEFORE[state]
        here = (proposals.c.id == proposal) & proposals.c.state.in_(allowed)
        change = update(proposals).where(here).values(state=state, reviewed_by=who, reviewed_at=at)
        async with self._database.writing() as connection:
            if not (await connection.execute(change)).rowcount:
                return False
            await connection.execute(insert(actions), _action(who, "review", str(proposal), at, {"state": state}))
            return True


def grouped(missed: Sequence[tuple[str, str]], most: int = 40) -> list[Group]:
    """Return sentences grouped by likeness, the largest groups first."""
    groups: list[Group] = []
    leads: list[str] = []  # words in order, so that each sentence is compared once whatever the order it was said in
    exact: dict[str, Group] = {}
    for text, contact in missed:
        plain = " ".join(sorted(utils.default_process(text).split()))
        group = exact.get(plain)
        if group is None:
            near = process.extractOne(plain, leads, scorer=fuzz.ratio, score_cutoff=_ALIKE)
            group = groups[near[2]] if near is not None else None
        if group is None:
            group = Group()
            groups.append(group)
            leads.append(plain)
        exact[plain] = group
        if text not in group.texts:
            group.texts.append(text)
        group.contacts.append(contact)
    return sorted(groups, key=lambda one: -len(one.contacts))[:most]


def _action(who: str, action: str, subject: str, at: datetime, detail: dict[str, Any]) -> dict[str, Any]:
    return {"who": who, "action": action, "subject": subject, "at": at, "detail": detail}

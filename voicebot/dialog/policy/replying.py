"""From what the brain has composed to what it gives back."""

from collections.abc import Mapping
from dataclasses import replace

from voicebot.dialog.nlu.base import Understanding
from voicebot.dialog.policy.doubts import pair_first
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Clarify, Expect, Reply

_PATIENT = 2.0
"""A caller who asked for time is waited for this many times as long."""


def reply(
    talk: Talk,
    draft: Draft,
    expect: Expect,
    understood: Understanding | None,
    filled: Mapping[str, str],
    *,
    keep_last: bool = True,
) -> Reply:
    """Return ``draft`` as a reply to what was ``understood``, or to the slots ``filled``.

    ``keep_last`` notes it as what is to be said when asked to repeat.
    """
    memory = talk.memory
    if keep_last:
        memory.last = tuple(draft.says[draft.lead :]) or memory.last
    candidates = understood.candidates if understood is not None else ()
    clarifying = any(isinstance(action, Clarify) for action in draft.actions)
    return Reply(
        says=tuple(draft.says),
        actions=tuple(draft.actions),
        expect=replace(expect, no_input_s=expect.no_input_s * _PATIENT) if memory.patient else expect,
        intent=candidates[0].intent if candidates else None,
        confidence=candidates[0].confidence if candidates else 0.0,
        alternatives=pair_first(draft, candidates) if clarifying else tuple(candidates[1:]),
        entities=dict(understood.entities) if understood is not None else dict(filled),
        pace=memory.pace,
        gain_db=memory.gain_db,
        patient=memory.patient,
        plain=memory.plain,
        public=memory.public,
        answered=draft.settled,
        farewell=draft.farewell,
        aside=draft.aside,
        lost=draft.lost,
        whole=bool(filled) or (understood is not None and understood.whole),
    )

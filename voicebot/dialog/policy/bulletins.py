"""Messages of the day (works, changes, advice): said once, to those they are for, when they can be listened to.

What is for everybody follows the greeting. What is for one commune waits until the caller's is known and their request
is answered; nothing is said any more in a conversation where somebody was in danger.
"""

from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Bulletin, HangUp, Transfer


def at_greeting(talk: Talk, draft: Draft) -> Draft:
    """Tell what is for everybody, and for the commune of a caller who agreed to be known again.

    In writing the former is shown beside the conversation already.
    """
    for one in talk.context.bulletins:
        if one.communes and talk.context.commune in one.communes:
            _tell(talk, draft, one, talk.context.commune)
        elif not one.communes and talk.context.channel == "voice":
            talk.tell(draft, "accueil.message", {"message": one.text})
    return draft


def once_known(talk: Talk, draft: Draft) -> Draft:
    """Tell what is for the caller's commune after an answer, and before the question that the answer ends with."""
    commune, memory = talk.memory.commune, talk.memory
    leaves = any(isinstance(action, (Transfer, HangUp)) for action in draft.actions)
    if not commune or memory.urgent or leaves or not draft.settled:
        return draft
    fresh = [one for one in talk.context.bulletins if commune in one.communes and one not in memory.bulletins]
    told = Draft()
    for one in fresh:
        _tell(talk, told, one, commune)
    place = len(draft.says) - draft.asked
    draft.says[place:place] = told.says
    return draft


def _tell(talk: Talk, draft: Draft, one: Bulletin, commune: str) -> None:
    talk.memory.bulletins |= {one}
    talk.tell(draft, "message.commune", {"message": one.text, "commune": commune})

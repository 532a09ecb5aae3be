"""Callers who wander: whatever is said, in whatever order, each turn gets an answer and nothing raises."""

import random
from datetime import datetime

import pytest

from voicebot.app import new_dialogue
from voicebot.clock import PARIS
from voicebot.dialog.turns import Channel, HangUp, Heard, Transfer
from voicebot.profile import Profile

OPEN, CLOSED = datetime(2026, 11, 24, 10, tzinfo=PARIS), datetime(2026, 11, 24, 21, tzinfo=PARIS)
_TOLD = """
bonjour|c'est quand les poubelles|à Touques|et le verre|et demain|à Honfleur
je veux un rendez-vous pour un canapé|un seul|beaucoup|12 rue des Bains à Trouville|oui|non|non, le 14
le premier|aucun des trois|matin|mardi|hier|zéro six douze trente-quatre cinquante-six soixante-dix-huit
06 12 34 56 78|non, à Deauville|derrière le cimetière|je veux signaler un dépôt sauvage|des gravats
mes poubelles n'ont pas été ramassées|les ordures|rappelez-moi|effacez mes données|Jean Martin
jean point martin arobase orange point fr|où en est ma demande|D 4 7 2|au fait vous ouvrez quand
où jeter une poêle|en plastique|la borne déborde|annuler|laissez tomber|répétez|plus lentement|plus fort|menu
aide|merci|au revoir|un conseiller|t'es nul|il y a une fuite dans la rue|chez moi|je ne sais pas|euh|attendez
autre chose|le deuxième|la déchèterie|les encombrants|l'eau|je voudrais un bac|je vends ma maison
le train pour Paris|quel temps fait-il|et à Villers
"""
SAID = _TOLD.replace("\n", "|").strip("|").split("|")
KEYS = ("1", "2", "5", "0", "*", "#", "9", "868#", "0612345678", "12345*")


def turn(chance: random.Random, channel: Channel) -> Heard:
    draw = chance.random()
    if draw < 0.08:
        return Heard(silent=True)
    if draw < 0.2 and channel == "voice":
        return Heard(keys=chance.choice(KEYS))
    text = chance.choice(SAID) if draw < 0.9 else f"{chance.choice(SAID)} {chance.choice(SAID)}"
    return Heard(text, confidence=0.8)


@pytest.mark.parametrize("channel", ["voice", "chat"])
@pytest.mark.parametrize("at", [OPEN, CLOSED], ids=["open", "closed"])
def test_a_wandering_conversation_always_gets_an_answer(profile: Profile, at: datetime, channel: Channel) -> None:
    for seed in range(25):
        chance = random.Random(seed)  # noqa: S311 - a caller wanders, nothing is secret
        dialogue = new_dialogue(profile, lambda: at, seed=str(seed), caller="+33612345678", channel=channel)
        said: list[Heard] = []
        dialogue.greet()
        for _ in range(14):
            said.append(turn(chance, channel))
            reply = dialogue.respond(said[-1])
            letters_typed = bool(said[-1].keys) and reply.expect.slot == "commune"
            assert reply.says or letters_typed, f"nothing was answered, seed {seed}: {said}"
            if any(isinstance(action, Transfer) for action in reply.actions):
                assert dialogue.returned("no_answer").says
            if any(isinstance(action, HangUp) for action in reply.actions):
                break

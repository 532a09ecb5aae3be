"""More examples from those written: politeness, towns, lost words and recognition noise, always the same ones."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.dialog.nlu.confusions import Confusions

_BEFORE = (
    "bonjour", "bonjour madame", "bonjour je voudrais savoir", "oui bonjour", "s'il vous plaît",
    "je vous appelle parce que", "dites-moi", "allô bonjour", "voilà", "bonsoir", "je voulais savoir",
    "bonjour monsieur", "excusez-moi", "alors voilà", "oui alors", "je vous appelle pour savoir",
    "bonjour c'est pour", "j'ai une question", "en fait",
)  # fmt: skip
_AFTER = (
    "s'il vous plaît", "merci", "à Touques", "à Deauville", "merci beaucoup", "svp", "chez moi", "dans ma rue",
    "pour Villers", "je suis à Trouville", "merci d'avance", "j'habite Blonville",
)  # fmt: skip
_SMALL = ("le", "la", "de", "à", "et", "un", "est", "pas", "que", "on", "ça", "en", "des", "les")

_NEAR_MISSES = 4


@dataclass(frozen=True, slots=True)
class Noise:
    """What noise is made of: words to insert, and what the recogniser makes of words."""

    vocabulary: Sequence[str]
    confusions: Confusions


def variants(example: str, generator: random.Random, noise: Noise, act: bool) -> list[str]:
    """Return made-up relatives of ``example``.

    Args:
        example: as written.
        generator: the source of chance, seeded by the caller.
        noise: what words become on the telephone.
        act: a conversational act stays bare: "bonjour" with a request after it is that request.
    """
    words = example.split()
    made: list[str] = []
    if not act:
        made.append(f"{generator.choice(_BEFORE)} {example}")
        made.append(f"{example} {generator.choice(_AFTER)}")
    if len(words) >= 4:
        kept = [word for word in words if generator.random() > 0.18]
        if len(kept) >= 2:
            made.append(" ".join(kept))
        noisy: list[str] = []
        for word in words:
            chance = generator.random()
            if chance < 0.10:
                noisy.append(generator.choice(_SMALL))
            elif chance < 0.18:
                noisy.append(generator.choice(noise.vocabulary))
            elif chance > 0.95:
                continue
            else:
                noisy.append(word)
        made.append(" ".join(noisy) or example)
    if misheard := noise.confusions.misheard(example, generator):
        made.append(misheard)
    return made


def near_misses(example: str, generator: random.Random, service: Sequence[str]) -> list[str]:
    """Return ``example``, of another subject, with a word of the service in it: one word does not make a request.

    Args:
        example: an example of another subject.
        generator: the source of chance, seeded by the caller.
        service: words of the service's own subjects.
    """
    made: list[str] = []
    for _ in range(_NEAR_MISSES):
        words = example.split()
        place = generator.randrange(len(words) + 1)
        made.append(" ".join([*words[:place], generator.choice(service), *words[place:]]))
    return made

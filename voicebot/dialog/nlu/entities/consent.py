"""Yes, no, or neither."""

import re

from voicebot.dialog.nlu.normalise import normalise

_YES = re.compile(
    r"^(?:oui|ouais|ouai|wi|we|yes|si|ok|okay|d accord|dac|exact|exactement|exacte|tout a fait|c est "
    r"(?:bien )?(?:ca|cela|exact|"
    r"juste|correct|bon|parfait)|voila|absolument|bien sur|volontiers|parfait|parfaitement|entendu|je confirme|"
    r"affirmatif|allez y|vas y|pourquoi pas|avec plaisir|ca marche|ca me va|ca convient|tres bien|"
    r"correct|effectivement|"
    r"evidemment|je (?:le )?veux bien|juste|en effet|mais oui|ca ira|"
    r"(?:pas de|aucun) (?:probleme|souci)|sans probleme|impeccable|nickel|bien entendu)\b"
)
_NO = re.compile(
    r"^(?:non|nan|no|nom|pas (?:du tout|ca|vraiment|exactement|maintenant|forcement|celui|celle|la "
    r"peine)|c est (?:pas|faux|une erreur)|"
    r"ce n est pas|negatif|absolument pas|surtout pas|jamais|aucunement|faux|vous (?:n avez pas|vous "
    r"etes|vous) (?:compris|trompez?e?)|"
    r"il y a une erreur|je ne (?:veux|souhaite|prefere) pas|je veux pas|ca ne (?:va|me convient) pas|"
    r"ca va pas|je refuse|"
    r"certainement pas|pas d accord|tant pis|bien sur que non)\b"
)


def find_consent(text: str) -> str | None:
    """Return ``oui`` or ``non`` when ``text`` begins with one, else ``None``."""
    utterance = normalise(text)
    words = [word.plain for word in utterance.words]
    while (
        len(words) > 1 and words[0] in ("alors", "mais", "je", "bon", "pardon") and words[1] in ("oui", "non", "pense")
    ):
        words = words[1:]
    plain = " ".join(words)
    plain = re.sub(r"^pense (?:que )?", "", plain)
    if _NO.match(plain):
        return "non"
    if _YES.match(plain):
        if re.search(r"\b(?:absolument|bien sur|ok|d accord|oui)\b.{0,12}\b(?:que non|mais non)\b", plain):
            return "non"
        return "oui"
    return None

"""What is added to a profile from the pages: the files it is written to, whole, from what is in force.

ajouts/exemples.toml    sentences that are examples of an intent
ajouts/sujets.toml      how the subjects created here are named
intents/ajouts.toml     those subjects, with their examples
answers/zz_ajouts.toml  answers, replaced or new; read last, so that they win
"""

import json
import os
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

EXAMPLES = Path("ajouts") / "exemples.toml"
NAMES = Path("ajouts") / "sujets.toml"
SUBJECTS = Path("intents") / "ajouts.toml"
ANSWERS = Path("answers") / "zz_ajouts.toml"
ADDED = "ajout"
"""The theme of the subjects created on the pages."""

_HEAD = "# Écrit par la page « Progrès » : modifiez là-bas, ce fichier y est récrit en entier.\n"
_LONGEST_ID = 40


def new_id(name: str, taken: Collection[str]) -> str:
    """Return the id of a new subject called ``name``: ``ajout.badge_de_plage``; unlike those ``taken``."""
    flat = unicodedata.normalize("NFKD", name.lower().replace("œ", "oe").replace("æ", "ae"))
    plain = "".join(char for char in flat if not unicodedata.combining(char))
    words = "_".join(re.findall(r"[a-z0-9]+", plain))[:_LONGEST_ID] or "sujet"
    found, count = f"{ADDED}.{words}", 1
    while found in taken:
        count += 1
        found = f"{ADDED}.{words}_{count}"
    return found


def write_additions(folder: Path, found: Sequence[Mapping[str, Any]]) -> None:
    """Write what was added to the profile in ``folder``, later proposals winning. Nothing of a kind: no file."""
    examples: dict[str, list[str]] = {}
    answers: dict[str, str] = {}
    subjects: dict[str, Mapping[str, Any]] = {}
    for one in found:
        if one["kind"] == "subject":
            subjects[one["target"]] = one
            answers.setdefault(one["target"], one["detail"]["answer"])
        elif one["kind"] == "answer":
            answers[one["target"]] = one["text"]
        else:
            examples.setdefault(one["target"], []).append(one["text"])
    orphans = {name for name in (*examples, *answers) if name.startswith(f"{ADDED}.") and name not in subjects}
    for name in orphans:  # the subject itself was taken back
        examples.pop(name, None)
        answers.pop(name, None)
    _write(folder / EXAMPLES, [f"{_text(name)} = {_texts(texts)}" for name, texts in sorted(examples.items())])
    _write(folder / NAMES, [_subject(name, one["detail"]["name"]) for name, one in sorted(subjects.items())])
    _write(folder / SUBJECTS, [_intent(name, one) for name, one in sorted(subjects.items())])
    _write(folder / ANSWERS, [f"[{_text(name)}]\ndire = {_text(text)}\n" for name, text in sorted(answers.items())])


def _subject(name: str, called: str) -> str:
    return f"[{_text(name)}]\nnom = {_text(called)}\nmots = {_texts([called])}\ntheme = {_text(ADDED)}\n"


def _intent(name: str, one: Mapping[str, Any]) -> str:
    return f"[{_text(name)}]\nnom = {_text(one['detail']['name'])}\nexemples = {_text(one['text'])}\n"


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

"""The guides of those who edit the words keep up with what the program reads."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voicebot.dialog.forms import spec
from voicebot.dialog.knowledge import answers

GUIDE = Path(__file__).parents[1] / "docs" / "guide-de-la-redaction.md"
READERS = {"text", "texts", "flag", "one_of", "table", "tables", "has", "number"}


def keys_read(function: Callable[..., Any]) -> set[str]:
    """Return the keys that ``function`` reads from a table."""
    calls = [
        node for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))) if isinstance(node, ast.Call)
    ]
    named = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in READERS and call.args]
    return {str(call.args[0].value) for call in named if isinstance(call.args[0], ast.Constant)}


@pytest.mark.parametrize("function", [answers.read_answer, answers.read_choice, spec.read_form, spec._slot])
def test_every_key_of_an_answer_and_of_a_form_is_explained(function: Callable[..., Any]) -> None:
    told = GUIDE.read_text(encoding="utf-8")
    assert {key for key in keys_read(function) if f"`{key}`" not in told} == set()

"""The rules of the house, read from the source itself: layers, cycles, sizes, names, and what must not be written."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "voicebot"

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 80
MAX_CONSTRUCTOR_PARAMETERS = 7

LEAVES = {"clock", "effort", "espeak", "heap", "hours", "load", "logs", "words"}
ENGINES = {"asr", "tts", "telephony"}
CONTENT = {"dialog", "ivr_menus", "profile"}
SERVICES = {"audio", *ENGINES, *CONTENT, "journal", "delivery", "calls", "web"}
MAY_IMPORT: dict[str, set[str]] = {
    "clock": set(),
    "effort": set(),
    "espeak": set(),
    "heap": set(),
    "hours": set(),
    "load": set(),
    "logs": set(),
    "words": set(),
    "audio": set(),
    "dialog": set(),
    "asr": {"audio"},
    "tts": {"audio"},
    "telephony": {"audio"},
    "ivr_menus": {"dialog"},
    "journal": {"dialog"},
    "delivery": {"journal"},
    "profile": {"dialog", "ivr_menus", "telephony.base"},
    "model_store": set(),
    "config": {f"{package}.settings" for package in SERVICES},
    "calls": {"audio", *ENGINES, *CONTENT, "journal", "delivery"},
    "web": {*CONTENT, "journal", "delivery", "calls"},
    "reloading": {"profile"},
    "app": {*SERVICES, "config", "model_store", "reloading"},
    "rehearsal": {*SERVICES, "app", "config", "model_store"},
    "switchboard": {*SERVICES, "app"},
    "bench": {*SERVICES, "app", "config", "model_store", "rehearsal"},
    "cli": {*SERVICES, "app", "bench", "config", "model_store", "rehearsal", "reloading", "switchboard"},
}
"""Which part of ``voicebot`` may import which; the leaves and a part itself are always allowed. ``x.y`` allows that one
module of ``x``."""

FORBIDDEN_PACKAGES = {"utils", "util", "common", "core", "helpers", "misc"}
FORBIDDEN_CLASS_ENDINGS = ("Manager", "Handler", "Helper", "Utils")

GENERATED = {".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__", "var"}
TEXT_SUFFIXES = {".py", ".toml", ".md", ".txt", ".lock", ".csv", ".json", ".html", ".js", ".css", ".sh", ".cfg", ".xml"}
TEXT_NAMES = {"Makefile", "run", "make-venv", "system-packages", ".gitignore"}

REGISTRY_HOST = re.compile(
    r"\b(?:pypi\.(?:org|io)|pythonhosted\.org|npmjs\.(?:org|com)|(?:deb|ftp|security|packages)\.debian\.org)\b"
)
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.\-/<>])/(?:work|farm|root|tmp)/[A-Za-z0-9]|/home/[a-z]", re.MULTILINE)


def python_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if not GENERATED & set(path.parts))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


MODULES = {module_name(path): path for path in python_files(PACKAGE)}


def imports_of(module: str, known: set[str]) -> Iterator[tuple[str, int]]:
    """Yield the modules of ``known`` that ``module`` imports anywhere, functions and TYPE_CHECKING included."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                target = submodule if submodule in known else base
                if target in known:
                    yield target, node.lineno


def part_of(module: str) -> str:
    """Return the part of the house a module belongs to: its first name below ``voicebot`` ('' for the package)."""
    return module.split(".")[1] if "." in module else ""


def import_is_allowed(importer: str, imported: str) -> bool:
    source, target = part_of(importer), part_of(imported)
    if target in ("", source) or target in LEAVES:
        return True
    allowed = MAY_IMPORT.get(source, set())
    return target in allowed or any(imported == f"voicebot.{name}" for name in allowed if "." in name)


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other in a ring (strongly connected, Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for following in sorted(graph[node]):
            if following not in index:
                visit(following)
                low[node] = min(low[node], low[following])
            elif following in stack:
                low[node] = min(low[node], index[following])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1 or node in graph[node]:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def test_every_part_of_the_house_has_its_place_in_the_layer_table() -> None:
    parts = {part_of(name) for name in MODULES} - {""}
    assert parts <= MAY_IMPORT.keys(), f"give these a line in MAY_IMPORT: {sorted(parts - MAY_IMPORT.keys())}"


def test_no_module_imports_above_its_layer() -> None:
    wrong = {
        f"{MODULES[importer].relative_to(ROOT)}:{line} imports {imported}"
        for importer in MODULES
        for imported, line in imports_of(importer, set(MODULES))
        if not import_is_allowed(importer, imported)
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_no_modules_import_each_other() -> None:
    graph = {name: {imported for imported, _ in imports_of(name, set(MODULES))} for name in MODULES}
    assert not cycles(graph)


def test_no_file_is_longer_than_its_limit() -> None:
    long = {}
    for path in [*python_files(PACKAGE), *python_files(ROOT / "tests")]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            long[str(path.relative_to(ROOT))] = lines
    assert not long, f"split these files (limit {MAX_FILE_LINES} lines): {long}"


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in [*python_files(PACKAGE), *python_files(ROOT / "tests")]:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def test_no_function_is_longer_than_its_limit() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, node in functions()
        if (node.end_lineno or node.lineno) - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert not long, f"split these functions (limit {MAX_FUNCTION_LINES} lines): {long}"


def test_no_constructor_takes_more_parameters_than_its_limit() -> None:
    wide = []
    for path, node in functions():
        arguments = node.args
        count = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs) - 1
        if node.name == "__init__" and count > MAX_CONSTRUCTOR_PARAMETERS:
            wide.append(f"{path.relative_to(ROOT)}:{node.lineno} takes {count}")
    assert not wide, f"group these parameters (limit {MAX_CONSTRUCTOR_PARAMETERS}): {wide}"


def test_no_package_or_class_has_a_name_that_says_nothing() -> None:
    packages = [name for name in MODULES if FORBIDDEN_PACKAGES & set(name.split("."))]
    classes = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files(PACKAGE)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ClassDef) and node.name.endswith(FORBIDDEN_CLASS_ENDINGS)
    ]
    assert not packages + classes


def project_texts() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        relative = path.relative_to(ROOT)
        if GENERATED & set(relative.parts) or any(part.endswith(".egg-info") for part in relative.parts):
            continue
        if relative.parts[0] == "models" and len(relative.parts) > 2:
            continue
        if relative.parts[:2] == ("prompts", "rendered"):
            continue
        if path.is_file() and (path.suffix in TEXT_SUFFIXES or path.name in TEXT_NAMES):
            yield path


@pytest.mark.parametrize("pattern", [REGISTRY_HOST, MACHINE_PATH], ids=["registry hosts", "paths of one machine"])
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    named = []
    for path in project_texts():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if pattern.search(line):
                named.append(f"{path.relative_to(ROOT)}:{number}")
    assert not named, "\n".join(named)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRY_HOST, "index-url = https://" + "pypi" + ".org/simple"),
        (REGISTRY_HOST, "deb http://" + "deb" + ".debian.org/debian bookworm main"),
        (MACHINE_PATH, 'open("' + "/work" + '/main/x")'),
        (MACHINE_PATH, "cd " + "/root" + "/thing"),
    ],
)
def test_the_forbidden_patterns_are_recognised(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


def test_a_ring_of_imports_is_recognised() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert cycles({"a": {"b"}, "b": set()}) == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("voicebot.asr.vosk", "voicebot.audio.frames", True),
        ("voicebot.asr.vosk", "voicebot.tts.base", False),
        ("voicebot.dialog.policy.turn", "voicebot.clock", True),
        ("voicebot.dialog.policy.turn", "voicebot.audio.frames", False),
        ("voicebot.config", "voicebot.web.settings", True),
        ("voicebot.config", "voicebot.web.pages", False),
    ],
)
def test_the_layer_table_says_who_may_import_whom(importer: str, imported: str, allowed: bool) -> None:
    assert import_is_allowed(importer, imported) is allowed

"""Which tests live at the pace of the clock on the wall: those whose module reaches a peer on the wire.

They are marked ``real_time`` without having to say so, and `make test` runs them alone, one at a time; all others share
the processors with as many tests as there are processors.
"""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ON_THE_WIRE = ("tests.telephony.sip.peers", "voicebot.bench.far", "voicebot.bench.measured")
"""What sends and awaits sound or SIP every 20 ms: it is late, and its test fails, when others use the processors."""


def is_real_time(module: str) -> bool:
    """Return whether the test module of that dotted name imports a peer on the wire, itself or through other tests."""
    return any(name.startswith(ON_THE_WIRE) for name in _reached(module))


def real_time_files() -> list[str]:
    """Return the files of the tests that are real time, from the root of the repository."""
    files = (file.relative_to(ROOT) for file in sorted((ROOT / "tests").rglob("test_*.py")))
    return [str(file) for file in files if is_real_time(".".join(file.with_suffix("").parts))]


def _reached(module: str) -> set[str]:
    found, waiting = set[str](), [module]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += _imported(one)
    return found


@cache
def _imported(module: str) -> tuple[str, ...]:
    """Return what a module of the tests imports; nothing for other modules, whose imports are not ours to judge."""
    file = ROOT / Path(*module.split(".")).with_suffix(".py")
    if not module.startswith("tests.") or not file.is_file():
        return ()
    named: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            named += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(named)


if __name__ == "__main__":
    print(*real_time_files())  # noqa: T201 - for `make test`, which has no other tests collected twice

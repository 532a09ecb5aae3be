"""The manifest is read as a whole, and every mistake in it is told with its place."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.model_store.errors import ManifestError, UnknownModel
from voicebot.model_store.manifest import (
    ArchiveSource,
    FilesSource,
    PackagePart,
    Purpose,
    Registry,
    WebPart,
    load_manifest,
    parse_manifest,
    safe_path,
)

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = Path("manifest.toml")

GOOD: dict[str, Any] = {
    "id": "voice-1",
    "title": "A voice",
    "engine": "piper",
    "language": "fr",
    "licence": "MIT",
    "purpose": "optional",
    "files": [{"path": "a/b.bin", "size": 4, "sha256": "0" * 64}],
    "sources": [{"files": {"a/b.bin": ["pypi:some-voice==1.0!some_voice/b.part1", "https://example.org/b.part2"]}}],
}


def faults_of(*models: Any, **document: Any) -> str:
    with pytest.raises(ManifestError) as caught:
        parse_manifest({"model": list(models), **document}, ORIGIN)
    return str(caught.value)


def changed(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(GOOD), **changes}


def test_a_good_entry_is_read_into_values() -> None:
    model = parse_manifest({"model": [GOOD]}, ORIGIN).model("voice-1")
    (source,) = model.sources
    assert isinstance(source, FilesSource)
    package, web = source.parts["a/b.bin"]
    assert isinstance(package, PackagePart)
    assert (package.package.registry, package.package.name, package.package.version, package.member) == (
        Registry.PYPI,
        "some-voice",
        "1.0",
        "some_voice/b.part1",
    )
    assert web == WebPart("https://example.org/b.part2")
    assert (model.files[0].size, model.files[0].sha256) == (4, "0" * 64)


def test_an_npm_member_and_an_archive_are_read() -> None:
    files = {"a/b.bin": ["npm:@scope/pkg@1.2.3!package/voices/b.bin"]}
    archive = {"archive": "https://example.org/m.zip", "folder": "m/"}
    model = parse_manifest({"model": [changed(sources=[{"files": files}, archive])]}, ORIGIN).model("voice-1")
    first, second = model.sources
    assert isinstance(first, FilesSource)
    (part,) = first.parts["a/b.bin"]
    assert isinstance(part, PackagePart)
    assert (part.package.name, part.package.version) == ("@scope/pkg", "1.2.3")
    assert second == ArchiveSource(WebPart("https://example.org/m.zip"), "m")


def test_unknown_size_and_checksum_are_none_not_invented() -> None:
    model = parse_manifest({"model": [changed(files=[{"path": "a/b.bin", "size": 0, "sha256": ""}])]}, ORIGIN)
    (file,) = model.model("voice-1").files
    assert file.size is None
    assert file.sha256 is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"id": "Voice 1"}, "id 'Voice 1' must be made of lower-case letters"),
        ({"id": "../up"}, "id '../up' must be made of"),
        ({"title": ""}, "title must be a text"),
        ({"licence": 3}, "licence must be a text"),
        ({"engine": "espeak"}, "engine 'espeak' must be one of kokoro, piper, vosk, whisper"),
        ({"purpose": "sometimes"}, "purpose 'sometimes' must be one of default, optional, test"),
        ({"langage": "fr"}, "unknown key 'langage'"),
        ({"files": {}}, "files must be a list of tables"),
        ({"files": ["a"]}, "file 1: must be a table"),
        ({"files": [{"path": "../b.bin"}]}, "file 1: path '../b.bin' must be relative"),
        ({"files": [{"path": "/b.bin"}]}, "path '/b.bin' must be relative"),
        ({"files": [{"path": ".installed.json"}]}, "and not hidden"),
        ({"files": [{"path": "a/b.bin", "size": -1}]}, "size must be a number of bytes"),
        ({"files": [{"path": "a/b.bin", "size": True}]}, "size must be a number of bytes"),
        ({"files": [{"path": "a/b.bin", "sha256": "12ab"}]}, "sha256 must be 64 lower-case hexadecimal digits"),
        ({"files": [{"path": "a/b.bin"}, {"path": "a/b.bin"}]}, "file 'a/b.bin' is there twice"),
        ({"sources": []}, "sources: at least one is needed"),
        ({"sources": [{}]}, "source 1: give either archive or a table files"),
        ({"sources": [{"files": {"a/b.bin": []}}]}, "must be a list of parts"),
        ({"sources": [{"files": {"a/b.bin": ["ftp://example.org/b"]}}]}, "'ftp://example.org/b' is not a part"),
        ({"sources": [{"files": {"a/b.bin": ["file:///etc/passwd"]}}]}, "'file:///etc/passwd' is not a part"),
        ({"sources": [{"files": {"a/b.bin": ["pypi:x!y"]}}]}, "'pypi:x!y' is not a part"),
        ({"sources": [{"files": {"a/b.bin": ["pypi:--index-url==1!y"]}}]}, "is not a part"),
        ({"sources": [{"files": {"a/b.bin": ["npm:x@1!../y"]}}]}, "is not a part"),
        ({"sources": [{"files": {"c": ["https://example.org/c"]}}]}, "does not say where these come from: a/b.bin"),
        ({"sources": [{"archive": "pypi:x==1!y"}]}, "archive must be a web address"),
        ({"sources": [{"archive": "https://e.org/m.zip", "folder": "../m"}]}, "must be a relative path inside"),
        ({"sources": [{"archive": "https://e.org/m.zip", "strip": 1}]}, "unknown key 'strip'"),
    ],
)
def test_a_mistake_is_told_with_its_place(changes: dict[str, Any], told: str) -> None:
    message = faults_of(changed(**changes))
    assert told in message
    assert message.startswith("manifest.toml: model 1 (")


def test_all_mistakes_are_told_at_once() -> None:
    message = faults_of(changed(engine="x", purpose="y"), changed(id="voice-2", title=""), colour="red")
    assert [line.split(": ")[1] for line in message.splitlines()] == [
        "unknown key 'colour' (only [[model]] tables belong here)",
        "model 1 (voice-1)",
        "model 1 (voice-1)",
        "model 2 (voice-2)",
    ]


def test_two_models_with_one_id_are_told() -> None:
    assert "model 2: id 'voice-1' is taken by an earlier model" in faults_of(GOOD, GOOD)


def test_an_empty_manifest_is_told() -> None:
    assert "it has no [[model]] table" in faults_of()


def test_a_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text("[[model]]\nid = \n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"is not valid TOML: .*line 2"):
        load_manifest(path)


def test_a_missing_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"cannot be read .*run from the project's folder"):
        load_manifest(tmp_path / "manifest.toml")


def test_an_unknown_id_lists_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match=r"no model is called 'vosk'; manifest.toml has voice-1"):
        parse_manifest({"model": [GOOD]}, ORIGIN).model("vosk")


def test_the_projects_manifest_is_right_and_has_what_the_program_asks_for() -> None:
    manifest = load_manifest(ROOT / "models" / "manifest.toml")
    assert {model.id for model in manifest.of(Purpose.DEFAULT)} == {
        "whisper-base",
        "kokoro-82m-int8",
        "kokoro-voice-ff-siwis",
    }
    assert {model.id for model in manifest.of(Purpose.TEST)} == {
        "kokoro-caller-voices",
        "vosk-ko",
        "piper-en-joe-medium",
    }
    for model in manifest.of(Purpose.DEFAULT, Purpose.TEST):
        assert all(file.sha256 and file.size for file in model.files), model.id
    assert not manifest.model("whisper-base").without, "without a recogniser there is no set-up"


@given(st.text(alphabet=st.sampled_from("ab./\\:C\0"), max_size=12))
def test_a_safe_path_never_leaves_its_folder(path: str) -> None:
    base = Path("/models/voice")
    if safe_path(path):
        joined = Path(*[part for part in (base / path).parts if part != "."])
        assert ".." not in joined.parts
        assert joined.is_relative_to(base)
        assert joined != base

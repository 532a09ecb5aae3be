import pickle
from pathlib import Path

import pytest

from voicebot.telephony.settings import (
    AdmissionSettings,
    ListenSettings,
    MediaSettings,
    NumberSettings,
    Secret,
    SecretMissing,
    SipSettings,
    TrunkSettings,
)


def test_the_defaults_answer_one_name_on_loopback() -> None:
    settings = SipSettings()
    assert (settings.engine, settings.listen.address, settings.listen.port) == ("baresip", "127.0.0.1", 5060)
    assert settings.line_of("sophie") is settings.lines[0]
    assert settings.line_of("other") is None


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>3}".format, lambda one: f"{[one]!r}"])
def test_a_secret_shows_as_stars_however_it_is_printed(show: object) -> None:
    assert callable(show)
    assert "hush" not in show(Secret("hush"))
    assert "****" in show(Secret("hush"))


def test_a_secret_is_not_copied_into_files() -> None:
    with pytest.raises(TypeError, match="not copied"):
        pickle.dumps(Secret("hush"))


def test_the_trunk_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    held = tmp_path / "secret"
    held.write_text("from file\n")
    in_file = TrunkSettings("sip.example", "user", secret_file=held)
    in_variable = TrunkSettings("sip.example", "user", secret_env="SIP_SECRET")
    assert in_file.secret({}).reveal() == "from file"
    assert in_variable.secret({"SIP_SECRET": "from variable"}).reveal() == "from variable"
    assert not TrunkSettings("sip.example", "user").secret({})


def test_a_missing_or_unusable_secret_is_named_but_not_told(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match="SIP_SECRET is not set"):
        TrunkSettings("sip.example", "user", secret_env="SIP_SECRET").secret({})
    with pytest.raises(SecretMissing, match="cannot be read"):
        TrunkSettings("sip.example", "user", secret_file=tmp_path / "none").secret({})
    with pytest.raises(SecretMissing) as refused:
        TrunkSettings("sip.example", "user", secret_env="SIP_SECRET").secret({"SIP_SECRET": 'hush"hush'})
    assert "hush" not in str(refused.value)


def test_a_french_number_has_all_its_written_forms() -> None:
    line = NumberSettings("+33231000000", aliases=("accueil",))
    assert line.users == ("+33231000000", "0231000000", "33231000000", "0033231000000", "accueil")
    assert NumberSettings("+4930123456").users == ("+4930123456", "4930123456", "004930123456")


def test_two_lines_cannot_mean_the_same_number() -> None:
    with pytest.raises(ValueError, match="0231000000 would mean both"):
        SipSettings(lines=(NumberSettings("+33231000000"), NumberSettings("0231000000")))


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: ListenSettings(address="everywhere"), "address"),
        (lambda: ListenSettings(port=65535), "port"),
        (lambda: ListenSettings(transports=("tls",)), "certificate"),
        (lambda: ListenSettings(transports=()), "transports"),
        (lambda: ListenSettings(rtp_ports=(30000, 30001)), "rtp_ports"),
        (lambda: NumberSettings("with space"), "number"),
        (lambda: TrunkSettings(domain="sip.example"), "user"),
        (lambda: TrunkSettings(domain="sip.example:99999", user="u"), "domain"),
        (lambda: TrunkSettings("d", "u", secret_env="A", secret_file=Path("b")), "not both"),
        (lambda: MediaSettings(codecs=("pcma", "pcma")), "codecs"),
        (lambda: MediaSettings(jitter_ms=(200, 40)), "jitter_ms"),
        (lambda: AdmissionSettings(sources=("10.0.0.1/8",)), "sources"),
        (lambda: AdmissionSettings(capacity=0), "capacity"),
        (lambda: SipSettings(lines=()), "lines"),
        (lambda: SipSettings(engine="pyvoip"), "transports"),
        (
            lambda: SipSettings(
                "pyvoip", ListenSettings(transports=("udp",)), media=MediaSettings(codecs=("pcma", "opus"))
            ),
            "opus",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(build: object, complaint: str) -> None:
    assert callable(build)
    with pytest.raises(ValueError, match=complaint):
        build()

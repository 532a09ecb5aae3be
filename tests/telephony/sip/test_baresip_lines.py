"""What surrounds calls: several numbers, registration, encryption, codecs, a network that loses messages."""

import asyncio
import dataclasses
import datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HOST,
    NUMBER,
    Cue,
    alaw_frames,
    called,
    free_port,
    line_settings,
    measured,
    next_call,
    rtp_peer,
    running_line,
    sipp,
    sipp_answers,
    sounding_frames,
    speechlike,
    ticks,
)
from tests.telephony.sip.test_baresip_guard import served
from voicebot.audio.frames import silence
from voicebot.telephony.base import TelephonyError
from voicebot.telephony.phone import open_phone
from voicebot.telephony.settings import MediaSettings, NumberSettings, TrunkSettings


def test_each_number_is_known_by_what_was_dialled() -> None:
    async def story() -> None:
        lines = (NumberSettings(NUMBER, "coast"), NumberSettings("+33475000000", "hills"))
        settings = line_settings(lines=lines)
        for dialled, profile in (("0475000000", "hills"), (NUMBER, "coast")):
            cue = Cue()
            steps = (sc.awaited(cue.path), sc.cancel())
            async with called(settings, *steps, opening=sc.rings, cue=cue, user=dialled, answer=False) as call:
                found = settings.line_of(call.leg.info.called)
                assert found is not None
                assert found.profile == profile
                await cue.give()
                await call.finished()

    asyncio.run(story())


@pytest.mark.parametrize("mode", ["u1", "t1"])
def test_a_number_answers_over_each_transport_offered(mode: str) -> None:
    async def story() -> None:
        plain = line_settings()
        settings = dataclasses.replace(plain, listen=dataclasses.replace(plain.listen, transports=("udp", "tcp")))
        async with running_line(settings) as line, rtp_peer() as peer:
            steps = sc.scenario(sc.answered(peer.port), sc.pause(100), sc.bye())
            caller = asyncio.create_task(sipp(steps, settings, "-t", mode))
            leg = await next_call(line)
            await leg.answer()
            await leg.wait_closed()
            assert (await caller).status == 0

    asyncio.run(story())


def test_an_answer_whose_confirmation_is_late_is_repeated_and_the_call_lives() -> None:
    async def story() -> None:
        settings = line_settings()
        steps, opening = (sc.pause(300), sc.bye()), partial(sc.answered_late, late_ms=800)
        async with called(settings, *steps, opening=opening, answer=False) as call:
            start_s = asyncio.get_running_loop().time()
            await call.leg.answer()
            assert asyncio.get_running_loop().time() - start_s >= 0.7
            await call.finished()

    asyncio.run(story())


def test_a_peer_that_falls_silent_is_let_go() -> None:
    async def story() -> None:
        settings = line_settings(media=MediaSettings(silent_peer_s=1))
        async with called(settings, sc.hung_up()) as call:
            await call.peer.speak(speechlike(0.3))
            await call.finished()

    asyncio.run(story())


def trunk_line(registrar: int, monkeypatch: pytest.MonkeyPatch, password: str) -> object:
    monkeypatch.setenv("TEST_SIP_SECRET", password)
    trunk = TrunkSettings(f"{HOST}:{registrar}", "0231000000", secret_env="TEST_SIP_SECRET")
    return dataclasses.replace(line_settings(lines=(NumberSettings("sophie"),)), trunk=trunk)


def test_a_line_registers_with_its_operator(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        port = free_port()
        registrar = await sipp_answers(port, sc.registrar("0231000000", "hush hush"))
        settings = trunk_line(port, monkeypatch, "hush hush")
        async with running_line(settings):  # type: ignore[arg-type]
            assert (await registrar).status == 0

    with caplog.at_level("DEBUG"):
        asyncio.run(story())
    assert "hush" not in caplog.text


def test_a_refused_registration_stops_the_start_and_says_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        port = free_port()
        registrar = await sipp_answers(port, sc.registrar("0231000000", "right"))
        settings = trunk_line(port, monkeypatch, "wrong one")
        with pytest.raises(TelephonyError, match="check sip") as refused:
            async with running_line(settings):  # type: ignore[arg-type]
                pass
        assert "wrong one" not in str(refused.value)
        await registrar

    asyncio.run(story())


def certificate(folder: Path) -> Path:
    """A certificate of our own and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "line.pem"
    path.write_bytes(text)
    return path


def test_a_call_over_tls_with_encrypted_sound_is_heard(tmp_path: Path) -> None:
    async def story() -> None:
        pem = certificate(tmp_path)
        async with served(5, str(pem)) as (settings, _process):
            plain = line_settings(media=MediaSettings(srtp="required"))
            listen = dataclasses.replace(plain.listen, transports=("udp", "tls"), certificate=pem)
            async with open_phone(dataclasses.replace(plain, listen=listen)) as phone:
                uri = f"sip:{NUMBER}@{HOST}:{settings.listen.port + 1};transport=tls"
                leg = await phone.dial(uri)
                heard, _ = await ticks(leg, 60)
                await leg.hang_up()
        assert int(abs(heard).max()) > 7000

    asyncio.run(story())


def test_a_call_in_clear_is_refused_where_encryption_is_required() -> None:
    async def story() -> None:
        settings = line_settings(media=MediaSettings(srtp="required"))
        async with running_line(settings) as line:
            steps = (sc.invite(40000), sc.recv(100, optional=True), sc.recv(488))
            assert (await sipp(sc.scenario(*steps), settings)).status == 0
            assert line.live == 0

    asyncio.run(story())


def test_sound_of_another_rate_reaches_us_at_ours() -> None:
    async def story() -> None:
        settings = line_settings(media=MediaSettings(codecs=("g722", "pcma")))

        def opening(port: int) -> str:
            return sc.answered(port).replace("RTP/AVP 8 101", "RTP/AVP 9 101").replace("8 PCMA/8000", "9 G722/8000")

        async with called(settings, sc.hung_up(), opening=opening) as call:
            call.music = speechlike(0.5)
            await call.ticked(25)
            await call.peer.met.wait()
            assert {len(frame) for frame in call.heard} == {160}
            assert call.peer.payload_types == {9}

    asyncio.run(story())


def test_statistics_tell_a_clean_call_from_nothing() -> None:
    async def story() -> None:
        async with called(line_settings(), sc.hung_up(), answer=False) as call:
            assert call.leg.stats().mos is None
            await call.leg.answer()
            living = asyncio.create_task(call.live())
            await call.peer.speak(speechlike(0.7))
            await call.leg.hang_up()
            await living
            stats = call.leg.stats()
            assert 30 <= stats.packets_received <= 40
            assert stats.packets_lost == 0
            assert stats.mos is not None
            assert stats.mos > 4.3
            assert call.leg.lateness.within_ms(0.5) < 20

    measured(story)


def test_what_is_flushed_is_not_heard() -> None:
    async def story() -> None:
        settings = line_settings()
        async with called(settings, sc.hung_up(), answer=False) as call:
            leg = call.leg
            await leg.answer()
            said = speechlike(0.4)
            frames = [said[at : at + 160] for at in range(0, said.size, 160)]
            for frame in frames[:10]:
                await leg.tick()
                leg.play(frame)
            for frame in frames[10:]:  # more than the wire can take: it waits with us
                leg.play(frame)
            unsent = leg.flush()
            assert unsent >= 10 * 160
            await ticks(leg, 60, lambda _index: silence(160))
            # a frame that the engine had already taken may still go out
            sent = [frame for frame in sounding_frames(call.peer.codes) if frame in alaw_frames(said)]
            assert 20 - unsent // 160 - 1 <= len(sent) <= 20 - unsent // 160 + 1

    asyncio.run(story())

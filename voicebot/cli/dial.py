"""``voicebot dial``: a test phone that places a real SIP call and plays a script."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from voicebot.cli.options import (
    CONFIG,
    CallerVoiceOption,
    ConfigOption,
    JsonOption,
    console,
    expected_errors,
    print_json,
    run,
)

EXPECTED_ERRORS = expected_errors()


_PHONE_PORT = 5070
_PHONE_RTP_PORTS = (40000, 40200)
_LONGEST_S = 600.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("dial")(dial)


def dial(
    uri: Annotated[str, typer.Argument(metavar="SIP-URI", help="Whom to call, as `voicebot serve` prints it.")],
    script: Annotated[Path, typer.Option("--script", metavar="FILE", help="A script, or a caller's WAV.")],
    record: Annotated[
        Path | None, typer.Option("--record", metavar="OUT.wav", help="Both sides: caller left, assistant right.")
    ] = None,
    caller_voice: CallerVoiceOption = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Place a real SIP call, play a script, and tell how long each answer took on the wire."""
    document = run(_dial(uri, script, record, caller_voice, config))
    if as_json:
        print_json(document)
        return
    for key, value in document.items():
        console().print(f"{key}: {value}")


async def _dial(uri: str, script: Path, record: Path | None, caller_voice: str, config: Path) -> dict[str, Any]:
    import dataclasses

    from voicebot.app import open_caller_voice
    from voicebot.audio.frames import FRAME_MS, LINE_HZ
    from voicebot.audio.wav import StereoRecorder
    from voicebot.config import load_settings
    from voicebot.rehearsal import rehearse
    from voicebot.telephony.phone import open_phone

    settings = load_settings(config)
    async with AsyncExitStack() as stack:
        caller = (await rehearse(script, open_caller_voice(caller_voice, settings, stack))).caller
    # the phone has a port of its own: the service may hold the configured one on the same machine
    listen = dataclasses.replace(
        settings.sip.listen, port=_PHONE_PORT, transports=("udp", "tcp"), rtp_ports=_PHONE_RTP_PORTS
    )
    async with open_phone(dataclasses.replace(settings.sip, listen=listen)) as phone:
        call = await phone.play_script(uri, caller, _LONGEST_S)
    if record is not None:
        recorder = StereoRecorder(record, LINE_HZ)
        size = LINE_HZ * FRAME_MS // 1000
        for start in range(0, call.heard.size, size):
            recorder.feed(call.said[start : start + size], call.heard[start : start + size])
        recorder.close()
    return {
        "uri": uri,
        "duration_s": round(call.heard.size / LINE_HZ, 1),
        "answer_delay_ms": [round(delay_s * 1000) for delay_s in call.answer_s],
        "ended_by": "assistant" if call.ended_by_peer else "caller",
        "mos": call.stats.mos,
        "packets_lost": call.stats.packets_lost,
    }

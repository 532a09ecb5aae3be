"""The test phone calls a line that lives in a process of its own."""

import asyncio
import dataclasses

import numpy as np
import pytest

from tests.telephony.sip.peers import HANGS_S, HOST, NUMBER, free_port, line_settings, measured, speechlike
from tests.telephony.sip.test_baresip_guard import served
from voicebot.audio.frames import level_dbfs
from voicebot.telephony.base import TelephonyError
from voicebot.telephony.phone import open_phone
from voicebot.telephony.replay import CallerScript, SpokenTurn
from voicebot.telephony.settings import ListenSettings


def test_a_script_is_lived_on_the_wire_turn_after_turn() -> None:
    async def story() -> None:
        async with served(leak_limit=5) as (settings, process):
            mine = dataclasses.replace(line_settings(), listen=ListenSettings(HOST, free_port(), ("udp",)))
            async with open_phone(mine) as phone:
                words = speechlike(0.5, seed=9)
                script = CallerScript((SpokenTurn(pcm=words), SpokenTurn(keys="1#"), SpokenTurn(hangup=True)))
                call = await phone.play_script(f"sip:{NUMBER}@{HOST}:{settings.listen.port}", script, most_s=60)
            assert not call.ended_by_peer
            # the line says one second of tone, then the caller waits until sure that it has finished
            assert len(call.answer_s) == 1
            assert 0.4 <= call.answer_s[0] <= 1.2
            tone = np.flatnonzero(np.abs(call.heard[:16000]) > 2000)
            assert 7800 <= tone[-1] - tone[0] <= 8400
            first_word = int(np.flatnonzero(call.said)[0])
            assert 1.2 <= (first_word - tone[-1]) / 8000 <= 2.0
            assert level_dbfs(call.said[first_word : first_word + 4000]) > -40
            assert call.stats.packets_received > 50
            assert process.stdout is not None
            assert (await asyncio.wait_for(process.stdout.readline(), HANGS_S)).startswith(b"ended")

    measured(story)


def test_a_call_nobody_takes_is_told_with_its_status() -> None:
    async def story() -> None:
        async with served(leak_limit=5) as (settings, _process), open_phone(line_settings()) as phone:
            with pytest.raises(TelephonyError, match="404"):
                await phone.dial(f"sip:0999999999@{HOST}:{settings.listen.port}")

    asyncio.run(story())

"""A minute of sound on each engine, heard by a peer: not a frame missing, doubled or changed."""

import json
import subprocess

from tests.telephony.sip.long_call import SECONDS


def test_a_minute_of_sound_reaches_the_peer_whole(whole_minute: "subprocess.Popen[str]") -> None:
    told, _ = whole_minute.communicate(timeout=SECONDS + 240)
    calls = json.loads(told)
    assert [call["engine"] for call in calls] == ["baresip", "pyvoip"]
    for call in calls:
        assert call["status"] == 0
        assert call["changed"] == []
        assert call["frames"] == SECONDS * 50
        assert call["snr_db"] >= 30

"""Which tests are run alone: a test on the wire is found out by what it imports, whoever forgets to say so."""

import pytest

from tests.pacing import is_real_time


@pytest.mark.parametrize(
    "module",
    [
        "tests.telephony.sip.test_baresip_lines",
        "tests.telephony.sip.test_whole_minute",
        "tests.telephony.sip.test_service_on_the_wire",
        "tests.calls.test_over_sip",
    ],
)
def test_a_module_that_reaches_a_peer_on_the_wire_is_real_time(module: str) -> None:
    assert is_real_time(module)


@pytest.mark.parametrize("module", ["tests.telephony.sip.test_pace", "tests.calls.test_golden", "tests.pacing"])
def test_other_modules_share_the_processors(module: str) -> None:
    assert not is_real_time(module)

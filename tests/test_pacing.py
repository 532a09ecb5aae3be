"""Which tests are run alone: a test on the wire is found out by what it imports, whoever forgets to say so."""

import pytest

from tests.pacing import is_real_time, real_time_files


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


def test_the_files_that_are_run_alone_are_those_and_no_others() -> None:
    files = real_time_files()
    assert {"tests/calls/test_over_sip.py", "tests/telephony/sip/test_whole_minute.py"} <= set(files)
    assert "tests/telephony/sip/test_pace.py" not in files

from hypothesis import given
from hypothesis import strategies as st

from voicebot.telephony.outcomes import transfer_result
from voicebot.telephony.refer import refer_target
from voicebot.telephony.uui import MOST_OCTETS, decode_uui, encode_uui


def test_what_is_told_to_the_adviser_can_be_read_back() -> None:
    fields = {"commune": "Trouville-sur-Mer", "demande": "bac cassé", "contact": "K-123"}
    assert decode_uui(encode_uui(fields)) == fields


@given(st.dictionaries(st.text(max_size=40), st.text(max_size=200), max_size=8))
def test_the_header_is_one_line_within_what_isdn_carries(fields: dict[str, str]) -> None:
    value = encode_uui(fields)
    assert value.isascii()
    assert value.isprintable()
    assert len(bytes.fromhex(value.split(";")[0])) <= MOST_OCTETS
    assert decode_uui(value).items() <= fields.items()


@given(st.text())
def test_anything_else_gives_nothing_and_never_fails(value: str) -> None:
    decode_uui(value)
    decode_uui(f"{value};encoding=hex")


def test_headers_for_the_adviser_travel_in_the_refer_target() -> None:
    target = refer_target("sip:a@b", {"User-to-User": "6869;encoding=hex"})
    assert target == "sip:a@b?User-to-User=6869%3Bencoding%3Dhex"
    assert refer_target("sip:a@b", {}) == "sip:a@b"


def test_a_status_says_how_the_transfer_ended() -> None:
    found = {status: transfer_result(status).value for status in (486, 600, 480, 408, 487, 603, 403, 404, 503, 200)}
    assert found == {
        486: "busy",
        600: "busy",
        480: "no_answer",
        408: "no_answer",
        487: "no_answer",
        603: "reject",
        403: "reject",
        404: "failed",
        503: "failed",
        200: "answered",
    }
    assert transfer_result(None).value == "no_answer"

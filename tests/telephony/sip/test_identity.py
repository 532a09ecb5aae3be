import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.telephony.identity import caller_number, record_id, user_part


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("<sip:+33612345678@operator.example>", "+33612345678"),
        ('"Mme Durand" <sip:0612345678@10.0.0.1:5060;user=phone>;tag=1', "+33612345678"),
        ("sip:0033612345678@host", "+33612345678"),
        ("<tel:+33-2-31-00-00-00>", "+33231000000"),
        ("<sip:+4930123456@host>", "+4930123456"),
        ("<sip:anonymous@anonymous.invalid>", ""),
        ("<sip:Restricted@host>", ""),
        ("<sip:sophie@host>", ""),
        ("<sip:12@host>", ""),
        ("<sip:%00%00@host>", ""),
        ("<sip:>", ""),
        ("", ""),
        ("<sip:+336123456789012345678901@host>", ""),
    ],
)
def test_a_caller_is_an_e164_number_or_nobody(value: str, number: str) -> None:
    assert caller_number(value) == number


def test_the_identity_the_operator_asserts_wins_over_from() -> None:
    assert caller_number("<sip:0600000000@x>", asserted="<sip:+33612345678@x>") == "+33612345678"


def test_a_caller_who_withholds_the_number_has_none_even_when_asserted() -> None:
    assert caller_number("<sip:0600000000@x>", "<sip:+33612345678@x>", privacy="id;critical") == ""
    assert caller_number("<sip:0600000000@x>", privacy="none") == "+33600000000"


@given(st.text(), st.text(), st.text())
def test_whatever_the_network_says_the_caller_is_a_number_or_nobody(sender: str, asserted: str, privacy: str) -> None:
    number = caller_number(sender, asserted, privacy)
    assert number == "" or (number[0] == "+" and number[1:].isdigit() and number.isascii())


@given(st.text(max_size=300))
def test_whatever_the_call_id_the_record_id_is_a_plain_file_name(call_id: str) -> None:
    found = record_id(call_id)
    assert 0 < len(found) <= 128
    assert "/" not in found
    assert not found.startswith(".")
    assert found == record_id(call_id)


def test_a_plain_call_id_is_kept() -> None:
    assert record_id("a84b4c76e66710@pc33.example") == "a84b4c76e66710@pc33.example"


def test_the_user_part_of_no_address_is_empty() -> None:
    assert user_part("nonsense") == ""

"""Who calls, out of what the network says: untrusted headers in, an E.164 number or nothing out."""

import hashlib
import re

import phonenumbers

_URI = re.compile(r"(?:sips?|tel):([^@;?>\s]*)", re.IGNORECASE)
_PLAIN_ID = re.compile(r"[A-Za-z0-9.@_\-]{1,128}")
_NUMBER = re.compile(r"\+?[0-9.\-()*#]{3,20}")
_WITHHELD = {"anonymous", "unknown", "restricted", "unavailable", "private", "withheld"}


def user_part(value: str) -> str:
    """Return the user part of the first SIP or tel URI in a header value; empty when there is none."""
    match = _URI.search(value)
    return match.group(1) if match else ""


def caller_number(from_value: str, asserted: str = "", privacy: str = "", region: str = "FR") -> str:
    """Return the caller's number as E.164, or empty when it is withheld or malformed.

    ``asserted`` is P-Asserted-Identity (RFC 3325), which the operator vouches for and which therefore wins over From;
    ``privacy`` the Privacy header (RFC 3323): ``id``, ``user`` and ``header`` withhold the number.
    """
    wishes = {wish.strip().lower() for wish in privacy.split(";")}
    if wishes & {"id", "user", "header"}:
        return ""
    for value in (asserted, from_value):
        user = user_part(value)
        if not user or user.lower() in _WITHHELD:
            continue
        number = _e164(user, region)
        if number:
            return number
    return ""


def _e164(user: str, region: str) -> str:
    if not _NUMBER.fullmatch(user):
        return ""
    try:
        parsed = phonenumbers.parse(user, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def record_id(sip_call_id: str) -> str:
    """Return an identifier fit for file names and records: the Call-ID itself when it is plain, else its digest."""
    if _PLAIN_ID.fullmatch(sip_call_id) and not sip_call_id.startswith("."):
        return sip_call_id
    return "sip-" + hashlib.sha256(sip_call_id.encode("utf-8", "replace")).hexdigest()[:24]

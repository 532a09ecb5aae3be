# ruff: noqa: E501 - messages are kept as they travel
"""Malformed and odd SIP messages, written from the cases of RFC 4475 (and what scanners send)."""

from tests.telephony.sip.peers import NUMBER

_BODY = "v=0\r\no=mhandley 29739 7272939 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 49217 RTP/AVP 8\r\n"


def _lines(*lines: str, body: str = "", length: str | None = None) -> bytes:
    counted = length if length is not None else str(len(body))
    return ("\r\n".join([*lines, f"Content-Length: {counted}", "", ""]) + body).encode("latin-1")


def _invite(name: str, **changed: str) -> list[str]:
    """The headers of a plain INVITE, some replaced; an empty value leaves the header out."""
    headers = {
        "To": f"<sip:{NUMBER}@127.0.0.1>",
        "From": "<sip:+33612345678@127.0.0.1>;tag=323",
        "Max-Forwards": "70",
        "Call-ID": f"torture.{name}",
        "CSeq": "1 INVITE",
        "Via": f"SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{name}",
        "Contact": "<sip:caller@127.0.0.1:9>",
        "Content-Type": "application/sdp",
        **{key.replace("_", "-"): value for key, value in changed.items()},
    }
    start = headers.pop("start", f"INVITE sip:{NUMBER}@127.0.0.1 SIP/2.0")
    return [start, *(f"{key}: {value}" for key, value in headers.items() if value)]


MESSAGES: dict[str, bytes] = {
    # 3.1.1 valid, but hard to parse
    "wsinv": (
        f"INVITE sip:{NUMBER}@127.0.0.1;unknownparam SIP/2.0\r\nTO :\r\n sip:{NUMBER}@127.0.0.1 ;   tag    = 1918181833n\r\n"
        'from   : "J Rosenberg \\\\\\""       <sip:+33612345678@127.0.0.1>\r\n  ;\r\n  tag = 98asjd8\r\n'
        "MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.torture\r\nCseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n"
        "    127.0.0.1:9;branch=390skdjuw\r\ns :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
        "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\nRoute:\r\n <sip:127.0.0.1;unknownwith=value>"
        "\r\nv:  SIP  / 2.0  / TCP     127.0.0.1:9   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  127.0.0.1:9\r\n"
        'm:"Quoted string \\"\\"" <sip:jdrosen@127.0.0.1> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n'
        f"Content-Length: {len(_BODY)}\r\n\r\n{_BODY}"
    ).encode("latin-1"),
    "intmeth": _lines(*_invite("intmeth", start="!interesting-Method0123456789_*+`.%indeed'~ sip:a@127.0.0.1 SIP/2.0")),
    "esc01": _lines(*_invite("esc01", start="INVITE sip:sips%3Auser%40example.com@127.0.0.1 SIP/2.0"), body=_BODY),
    "escnull": _lines(*_invite("escnull", start="REGISTER sip:%00@127.0.0.1 SIP/2.0", Contact="<sip:%00@127.0.0.1>")),
    "lwsdisp": _lines(*_invite("lwsdisp", From="caller<sip:+33612345678@127.0.0.1>;tag=323")),
    "longreq": _lines(*_invite("longreq", **{f"X_Long_{index}": "x" * 900 for index in range(20)}), body=_BODY),
    "dblreq": _lines(*_invite("dblreq", start="REGISTER sip:127.0.0.1 SIP/2.0"))
    + _lines(*_invite("dblreq2"), body=_BODY),
    "semiuri": _lines(*_invite("semiuri", start="OPTIONS sip:user;par=u%40example.net@127.0.0.1 SIP/2.0")),
    "transports": _lines(*_invite("transports", Via="SIP/2.0/UNKNOWN 127.0.0.1:9;branch=z9hG4bKuuu")),
    "noreason": b"SIP/2.0 100 \r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKn\r\nCall-ID: noreason\r\nCSeq: 1 INVITE\r\n\r\n",
    # 3.1.2 invalid
    "badinv01": _lines(*_invite("badinv01", Via="SIP/2.0/UDP 127.0.0.1;;,;,,", Contact='"" <> ;,"Joe" <sip:joe@x>')),
    "clerr": _lines(*_invite("clerr"), body=_BODY, length="9999"),
    "ncl": _lines(*_invite("ncl"), body=_BODY, length="-999"),
    "scalar02": _lines(*_invite("scalar02", CSeq="36893488147419103232 INVITE", Max_Forwards="300")),
    "scalarlg": b"SIP/2.0 503 Busy\r\nCSeq: 9292394834772304023312 OPTIONS\r\nRetry-After: 949302838503028349304023988\r\n\r\n",
    "quotbal": _lines(*_invite("quotbal", To=f'"Mr. J. User <sip:{NUMBER}@127.0.0.1>')),
    "ltgtruri": _lines(*_invite("ltgtruri", start=f"INVITE <sip:{NUMBER}@127.0.0.1> SIP/2.0")),
    "lwsruri": _lines(*_invite("lwsruri", start=f"INVITE sip:{NUMBER}@127.0.0.1; lr SIP/2.0")),
    "lwsstart": _lines(*_invite("lwsstart", start=f"INVITE  sip:{NUMBER}@127.0.0.1  SIP/2.0")),
    "trws": _lines(*_invite("trws", start=f"OPTIONS sip:{NUMBER}@127.0.0.1 SIP/2.0  ")),
    "escruri": _lines(*_invite("escruri", start=f"INVITE sip:{NUMBER}@127.0.0.1?Route=%3Csip:x%3E SIP/2.0")),
    "baddate": _lines(*_invite("baddate", Date="Fri, 01 Jan 2010 16:00:00 EST"), body=_BODY),
    "regbadct": _lines(
        *_invite("regbadct", start="REGISTER sip:127.0.0.1 SIP/2.0", Contact="sip:user@x?Route=%3Csip:y%3E")
    ),
    "badaspec": _lines(*_invite("badaspec", To='"Watson, Thomas" < sip:t.watson@127.0.0.1 >')),
    "baddn": _lines(*_invite("baddn", From="Bell, Alexander <sip:a.g.bell@127.0.0.1>;tag=43")),
    "badvers": _lines(
        *_invite("badvers", start=f"OPTIONS sip:{NUMBER}@127.0.0.1 SIP/7.0", Via="SIP/7.0/UDP 127.0.0.1:9")
    ),
    "mismatch01": _lines(*_invite("mismatch01", start=f"OPTIONS sip:{NUMBER}@127.0.0.1 SIP/2.0")),
    "mismatch02": _lines(*_invite("mismatch02", start=f"NEWMETHOD sip:{NUMBER}@127.0.0.1 SIP/2.0")),
    "bigcode": b"SIP/2.0 4294967301 better not break the receiver\r\nVia: SIP/2.0/UDP 127.0.0.1:9\r\nCSeq: 1 INVITE\r\n\r\n",
    # 3.2 to 3.4 of transactions, applications and old behaviour
    "badbranch": _lines(
        *_invite("badbranch", start=f"OPTIONS sip:{NUMBER}@127.0.0.1 SIP/2.0", Via="SIP/2.0/UDP x;branch=z9hG4bK")
    ),
    "insuf": f"INVITE sip:{NUMBER}@127.0.0.1 SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n".encode(),
    "unkscm": _lines(*_invite("unkscm", start="OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0")),
    "novelsc": _lines(*_invite("novelsc", start="OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0")),
    "unksm2": _lines(
        *_invite("unksm2", start="REGISTER sip:127.0.0.1 SIP/2.0", To="isbn:2983792873", From="<http://x>;tag=3")
    ),
    "bext01": _lines(
        *_invite("bext01", start=f"OPTIONS sip:{NUMBER}@127.0.0.1 SIP/2.0", Require="nothingSupportsThis")
    ),
    "invut": _lines(*_invite("invut", Content_Type="application/unknownformat"), body="<audio>x</audio>"),
    "regaut01": _lines(
        *_invite("regaut01", start="REGISTER sip:127.0.0.1 SIP/2.0", Authorization="NoOneKnowsThisScheme x=1")
    ),
    "multi01": _lines(
        *_invite("multi01"), "Max-Forwards: 5", "CSeq: 8 INVITE", "To: <sip:t@x>", "From: <sip:f@x>;tag=1"
    ),
    "mcl01": _lines(*_invite("mcl01"), "Content-Length: 5", body=_BODY),
    "bcast": b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1\r\nCall-ID: bcast\r\nCSeq: 1 INVITE\r\n\r\n",
    "zeromf": _lines(*_invite("zeromf", start=f"OPTIONS sip:{NUMBER}@127.0.0.1 SIP/2.0", Max_Forwards="0")),
    "sdp01": _lines(*_invite("sdp01", Accept="text/nobodyKnowsThis"), body=_BODY),
    "inv2543": f"INVITE sip:{NUMBER}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nFrom: <sip:c@x>\r\nTo: <sip:d@x>\r\n"
    f"Call-ID: inv2543\r\nCSeq: 1 INVITE\r\n\r\n{_BODY}".encode(),
    # what scanners send
    "empty": b"\r\n\r\n",
    "binary": bytes(range(256)) * 4,
    "nocontact": _lines(*_invite("nocontact", Contact=""), body=_BODY),
    "badrecordroute": _lines(*_invite("badrecordroute", Record_Route="<sip:;;lr"), body=_BODY),
}

ODD_SDP = [
    "",
    "v=0\r\n",
    "m=audio 0 RTP/AVP 8\r\n",
    "v=0\r\nm=audio 99999999999999 RTP/AVP 8 8 8 8 8 8\r\n",
    "v=0\r\nc=IN IP6 ::::\r\nm=audio 4000 RTP/AVP 300 -1 x\r\na=rtpmap:300 PCMA/0\r\na=ptime:0\r\n",
    "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\na=ptime:4294967296\r\na=maxptime:-1\r\n",
    "v=0\r\nc=IN IP4 127.0.0.1\r\n" + "m=audio 4000 RTP/AVP 8\r\n" * 200,
    "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n" + "a=" + "x" * 8000 + "\r\n",
    "v=0\r\nc=IN IP4 300.300.300.300\r\nm=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:!!\r\n",
]


def with_sdp(index: int, body: str) -> bytes:
    """An INVITE that carries ``body``."""
    return _lines(*_invite(f"sdp{index}"), body=body)

"""sipp scenarios, composed of steps. ``[media_port]`` may be overridden to point at a socket of the test."""

_SDP = """v=0
o=peer 1 {version} IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {port} RTP/AVP {types}
a=rtpmap:8 PCMA/8000
{event}a=ptime:20
a={direction}
"""

_HEADERS = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {sender};tag=[pid]-[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>{to_tag}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:peer@[local_ip]:[local_port]>
Max-Forwards: 70
"""


def _message(
    method: str, *, cseq: int = 1, inside: bool = True, body: str = "", kind: str = "", sender: str, extra: str = ""
) -> str:
    to_tag = "[peer_tag_param]" if inside else ""
    head = _HEADERS.format(method=method, cseq=cseq, to_tag=to_tag, sender=sender) + extra
    typed = f"Content-Type: {kind}\n" if kind else ""
    again = ' retrans="500"' if method in ("INVITE", "BYE", "INFO", "OPTIONS") else ""
    start = f"{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n"
    return f"<send{again}><![CDATA[\n{start}{head}{typed}Content-Length: [len]\n\n{body}]]></send>"


CALLER = "<sip:+33612345678@[local_ip]:[local_port]>"


def sdp(port: int | str, direction: str = "sendrecv", version: int = 1, events: bool = True) -> str:
    """An offer of A-law, with or without telephone-events."""
    event = "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\n" if events else ""
    types = "8 101" if events else "8"
    return _SDP.format(port=port, direction=direction, version=version, types=types, event=event)


def invite(port: int | str, sender: str = CALLER, extra: str = "", events: bool = True) -> str:
    """The first INVITE."""
    body = sdp(port, events=events)
    return _message("INVITE", inside=False, body=body, kind="application/sdp", sender=sender, extra=extra)


def reinvite(port: int | str, direction: str, cseq: int) -> str:
    """A re-INVITE that changes the direction of the sound, and its answer."""
    body = sdp(port, direction, version=cseq)
    return (
        _message("INVITE", cseq=cseq, body=body, kind="application/sdp", sender=CALLER)
        + recv(100, optional=True)
        + recv(200)
        + ack(cseq)
    )


def recv(status: int, optional: bool = False, timeout_ms: int = 0) -> str:
    """Wait for a response."""
    more = ' optional="true"' if optional else ""
    limit = f' timeout="{timeout_ms}"' if timeout_ms else ""
    return f'<recv response="{status}"{more}{limit} rtd="true"/>'


def wait_for(method: str) -> str:
    """Wait for a request."""
    return f'<recv request="{method}"/>'


def ack(cseq: int = 1) -> str:
    """Confirm a 200."""
    return _message("ACK", cseq=cseq, sender=CALLER)


def answered(port: int | str, sender: str = CALLER, extra: str = "", events: bool = True) -> str:
    """A call up to its ACK."""
    early = recv(100, optional=True) + recv(180, optional=True)
    return invite(port, sender, extra, events) + early + recv(200) + ack()


def pause(ms: int) -> str:
    """Let the call live."""
    return f'<pause milliseconds="{ms}"/>'


def bye(cseq: int = 9) -> str:
    """Hang up."""
    return _message("BYE", cseq=cseq, sender=CALLER) + recv(200)


def info_key(key: str, cseq: int) -> str:
    """One key by SIP INFO."""
    body = f"Signal={key}\nDuration=100\n"
    return _message("INFO", cseq=cseq, body=body, kind="application/dtmf-relay", sender=CALLER) + recv(200)


def reply_200() -> str:
    """Answer 200 to the request just received."""
    return """<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>"""


def options() -> str:
    """Ask whether the line is alive."""
    return _message("OPTIONS", inside=False, sender=CALLER) + recv(200)


def cancel() -> str:
    """Give up a call that rings."""
    return (
        """<send retrans="500"><![CDATA[
CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>"""
        + recv(200)
        + recv(487)
        + """<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>"""
    )


def scenario(*steps: str) -> str:
    """A whole scenario."""
    return f'<?xml version="1.0"?>\n<scenario name="peer">{"".join(steps)}</scenario>\n'

"""sipp scenarios, composed of steps. ``[media_port]`` may be overridden to point at a socket of the test."""

from pathlib import Path

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


def refusal(status: int) -> str:
    """Wait for a failing answer to the INVITE, and confirm it."""
    return (
        recv(180, optional=True)
        + recv(status)
        + """<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>"""
    )


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


def answered_through_routes(port: int | str) -> str:
    """A call through a proxy: what follows takes the route that the answer recorded."""
    early = recv(100, optional=True) + recv(180, optional=True)
    return invite(port) + early + recv(200).replace("/>", ' rrs="true"/>') + _routed("ACK", 1)


def bye_through_routes() -> str:
    """Hang up along the recorded route."""
    return _routed("BYE", 9) + recv(200)


def _routed(method: str, cseq: int) -> str:
    message = _message(method, cseq=cseq, sender=CALLER, extra="[routes]\n")
    return message.replace(f"{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0", f"{method} [next_url] SIP/2.0")


def registrar(user: str, password: str) -> str:
    """A registrar that challenges, then checks the digest."""
    challenge = reply_200().replace(
        "200 OK", '401 Unauthorized\nWWW-Authenticate: Digest realm="operator", nonce="0123456789abcdef", algorithm=MD5'
    )
    checked = (
        f'<recv request="REGISTER"><action><verifyauth assign_to="right" username="{user}" password="{password}"/>'
        '</action></recv><nop test="right" next="accept"/>'
    )
    refused = reply_200().replace("200 OK", "403 Forbidden") + '<nop next="end"/>'
    accepted = reply_200().replace("Content-Length", "Contact: <sip:us@127.0.0.1>;expires=600\nContent-Length")
    return wait_for("REGISTER") + challenge + checked + refused + f'<label id="accept"/>{accepted}<label id="end"/>'


def answered_late(port: int | str, late_ms: int) -> str:
    """A call whose first confirmations are lost: the ACK comes late, the 200 being repeated meanwhile."""
    early = recv(100, optional=True) + recv(180, optional=True)
    return invite(port) + early + recv(200) + pause(late_ms) + ack()


def asked_again(path: Path, port: int | str) -> str:
    """A call whose INVITE comes again while it rings, as over a network that loses what comes back; then told."""
    again = _same_branch(invite(port))
    return again + recv(100, optional=True) + recv(180) + again + told(path) + recv(200) + ack()


def pause(ms: int) -> str:
    """Let the call live."""
    return f'<pause milliseconds="{ms}"/>'


def told(path: Path) -> str:
    """Tell that the call has come so far: its Call-ID is then in the file ``path``."""
    written = f"printf %s '[call_id]' > {path}.new; mv {path}.new {path}"
    return f'<nop><action><exec command="{written}"/></action></nop>'


def awaited(path: Path) -> str:
    """Tell that the call has come so far, and wait until the test lets it go on (``peers.Cue``)."""
    return told(path) + wait_for("MESSAGE")


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


_BRANCH = "branch=z9hG4bK-[pid]-same"


def _same_branch(request: str) -> str:
    return request.replace("branch=[branch]", _BRANCH).replace(' retrans="500"', "")


def rings(port: int | str) -> str:
    """A call that rings and is not answered yet; it can be given up."""
    return _same_branch(invite(port)) + recv(100, optional=True) + recv(180)


def cancel() -> str:
    """Give up a call that ``rings``."""
    return (
        f"""<send retrans="500"><![CDATA[
CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];{_BRANCH}
From: {CALLER};tag=[pid]-[call_number]
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


def _reply(status: str, body: str = "", kind: str = "") -> str:
    """Answer the request just received, with a tag of ours."""
    typed = f"Content-Type: {kind}\n" if kind else ""
    return f"""<send><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]adviser
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:adviser@[local_ip]:[local_port]>
{typed}Content-Length: [len]

{body}]]></send>"""


def wait_for_header(method: str, header: str, pattern: str) -> str:
    """Wait for a request one of whose headers must match ``pattern``."""
    return (
        f'<recv request="{method}"><action><ereg regexp="{pattern}" search_in="hdr" header="{header}:" '
        f'check_it="true" assign_to="found"/></action></recv><Reference variables="found"/>'
    )


def adviser_answers(port: int | str) -> str:
    """An adviser who picks up."""
    return _reply("180 Ringing") + pause(100) + _reply("200 OK", sdp(port), "application/sdp") + wait_for("ACK")


def adviser_refuses(status: str) -> str:
    """An adviser whose telephone answers ``status``."""
    return wait_for("INVITE") + _reply(status) + wait_for("ACK")


def adviser_lets_ring(rung: Path | None = None) -> str:
    """An adviser who is not there: the call must be given up by the caller's side. ``rung`` is told when it rings."""
    rings = wait_for("INVITE") + _reply("180 Ringing") + ("" if rung is None else told(rung))
    ringing = rings + wait_for("CANCEL") + reply_200()
    return (
        ringing
        + """<send><![CDATA[
SIP/2.0 487 Request Terminated
[last_Via:]
[last_From:]
[last_To:];tag=[pid]adviser
[last_Call-ID:]
CSeq: [last_cseq_number] INVITE
Content-Length: 0

]]></send>"""
        + wait_for("ACK")
    )


def notify(fragment: str, cseq: int, state: str) -> str:
    """Tell how a transfer goes (RFC 3515)."""
    extra = f"Event: refer\nSubscription-State: {state}\n"
    return _message(
        "NOTIFY", cseq=cseq, body=f"SIP/2.0 {fragment}\n", kind="message/sipfrag", sender=CALLER, extra=extra
    ) + recv(200)


def refer_accepted(outcome: str, wait_ms: int = 100, wait: str = "") -> str:
    """A peer that accepts to be transferred, then reports ``outcome``."""
    accepted = (wait or wait_for("REFER")) + reply_200().replace("200 OK", "202 Accepted")
    done = notify(outcome, 21, "terminated;reason=noresource")
    return accepted + notify("100 Trying", 20, "active;expires=60") + pause(wait_ms) + done


def refer_refused(status: str) -> str:
    """A peer that refuses to be transferred."""
    return wait_for("REFER") + reply_200().replace("200 OK", status)


def accept_hold() -> str:
    """Accept being put on hold."""
    return _reply("200 OK", sdp(40000, "recvonly", version=2), "application/sdp").replace(";tag=[pid]adviser", "")


def adviser_leaves() -> str:
    """An adviser who hangs up: we are the ones called, so the dialog's ends are the other way round."""
    return """<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:adviser@[local_ip]:[local_port]>;tag=[pid]adviser
To[$caller]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>""" + recv(200)


def adviser_picks_up_then_leaves(port: int | str, path: Path) -> str:
    """An adviser who answers, and hangs up once let on (``awaited``)."""
    called = (
        '<recv request="INVITE" rrs="true"><action><ereg regexp=":.*" search_in="hdr" header="From" '
        'assign_to="caller"/></action></recv>'
    )
    return called + adviser_answers(port) + awaited(path) + adviser_leaves()


def ask_to_transfer(target: str) -> str:
    """Ask us to call ``target``: the answer must be a failing report, and no call."""
    refer = _message("REFER", cseq=2, sender=CALLER, extra=f"Refer-To: <{target}>\n")
    refused = (
        '<recv request="NOTIFY"><action><ereg regexp="SIP/2.0 603" search_in="body" check_it="true" '
        'assign_to="refused"/></action></recv><Reference variables="refused"/>'
    )
    return refer + recv(202) + wait_for("NOTIFY") + reply_200() + refused + reply_200()


def hung_up() -> str:
    """The other side hangs up."""
    return wait_for("BYE") + reply_200()


def scenario(*steps: str) -> str:
    """A whole scenario."""
    return f'<?xml version="1.0"?>\n<scenario name="peer">{"".join(steps)}</scenario>\n'

"""The operations of the chat API, for the OpenAPI document."""

from voicebot.web.chat_models import ChatEnd, ChatLook, ChatMessages, ChatOpened, NewMessage
from voicebot.web.openapi import Operation, Parameter

_TAG = "chat"
_SESSION = "/api/chat/sessions/{session}"
_NUMBER = {"type": "integer", "minimum": 0, "default": 0}
_AFTER = Parameter("after", "Number of the last message you have.", _NUMBER)
_WAIT = Parameter("wait_s", "Seconds to wait for a message when there is none, 25 at most.", _NUMBER)
_COMMON = (403, 404, 429)

CHAT_OPERATIONS = (
    Operation(
        "get",
        "/api/chat/look",
        "getChatLook",
        "Names, colours and words of the window",
        _TAG,
        {200: ("What to show before any conversation.", ChatLook)},
        problems=(403,),
    ),
    Operation(
        "post",
        "/api/chat/sessions",
        "openChat",
        "Begin a conversation",
        _TAG,
        {201: ("The conversation, with the assistant's first words.", ChatOpened)},
        problems=(403, 429, 503),
    ),
    Operation(
        "get",
        f"{_SESSION}/messages",
        "getChatMessages",
        "Messages after a number",
        _TAG,
        {200: ("The messages, in order.", ChatMessages)},
        query=(_AFTER, _WAIT),
        problems=(400, *_COMMON),
    ),
    Operation(
        "post",
        f"{_SESSION}/messages",
        "sayInChat",
        "Say something",
        _TAG,
        {200: ("The messages after the one asked from: the visitor's and the answer.", ChatMessages)},
        request=NewMessage,
        problems=(400, 409, 413, 415, *_COMMON),
    ),
    Operation(
        "post",
        f"{_SESSION}/end",
        "leaveChat",
        "Leave the conversation",
        _TAG,
        {200: ("The messages after the one asked from.", ChatMessages)},
        request=ChatEnd,
        problems=(400, 415, *_COMMON),
    ),
    Operation(
        "get",
        f"{_SESSION}/socket",
        "holdChat",
        "Hold the conversation over a WebSocket",
        _TAG,
        {101: ("Frames of JSON text, described in docs/chat.md.", None)},
        query=(_AFTER,),
        problems=(400, *_COMMON),
        description="The same messages, pushed as they come.",
    ),
)

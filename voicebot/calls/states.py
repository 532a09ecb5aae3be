"""What a call is doing, and what it may do next."""

from enum import Enum


class State(Enum):
    """What the call is doing."""

    SPEAKING = "speaking"
    LISTENING = "listening"
    THINKING = "thinking"
    RECORDING = "recording"
    TRANSFERRING = "transferring"
    ENDING = "ending"
    ENDED = "ended"


MOVES: dict[State, frozenset[State]] = {
    State.SPEAKING: frozenset(
        {
            State.SPEAKING,
            State.LISTENING,
            State.THINKING,
            State.RECORDING,
            State.TRANSFERRING,
            State.ENDING,
            State.ENDED,
        }
    ),
    State.RECORDING: frozenset({State.THINKING, State.ENDED}),
    State.LISTENING: frozenset({State.SPEAKING, State.THINKING, State.ENDED}),
    State.THINKING: frozenset({State.SPEAKING, State.LISTENING, State.THINKING, State.ENDED}),
    State.TRANSFERRING: frozenset({State.SPEAKING, State.ENDED}),
    State.ENDING: frozenset({State.ENDED}),
    State.ENDED: frozenset(),
}
"""From each state, those that may follow."""

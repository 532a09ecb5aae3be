"""The territory's knowledge: content files checked and turned into values."""

from voicebot.dialog.knowledge.load import load_knowledge
from voicebot.dialog.knowledge.model import Knowledge

__all__ = ["Knowledge", "load_knowledge"]

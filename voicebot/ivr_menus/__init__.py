"""Menus by key and by voice: the engine and the default menus."""

from voicebot.ivr_menus.check import LONGEST_VALUES, Known, spoken_seconds
from voicebot.ivr_menus.drawing import draw
from voicebot.ivr_menus.errors import MenuMistake, MenusRefused, UnknownMenu
from voicebot.ivr_menus.menus import Choice, Do, Menu, MenuAction, Menus, Sentences
from voicebot.ivr_menus.reading import DEFAULT_MENUS, load_menus
from voicebot.ivr_menus.walk import MenuWalk

__all__ = [
    "DEFAULT_MENUS",
    "LONGEST_VALUES",
    "Choice",
    "Do",
    "Known",
    "Menu",
    "MenuAction",
    "MenuMistake",
    "MenuWalk",
    "Menus",
    "MenusRefused",
    "Sentences",
    "UnknownMenu",
    "draw",
    "load_menus",
    "spoken_seconds",
]

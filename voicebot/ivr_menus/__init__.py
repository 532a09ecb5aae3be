"""Menus by key and by voice: the engine and the default menus."""

"""A telephone assistant for French public services, wholly offline."""

__version__ = "0.1.0"

"""The steps, in the order told by their ``down_revision``."""

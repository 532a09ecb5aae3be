"""What can go wrong with the journal. None of it ever reaches a call."""


class JournalError(Exception):
    """The journal cannot do what was asked; the message says what and what to do."""


class JournalAway(JournalError):
    """The database does not answer for now. What calls leave is kept on disk meanwhile; ask again later."""


class KeyTrouble(JournalError):
    """A key is missing, unreadable, or not the one that the stored data were written with."""

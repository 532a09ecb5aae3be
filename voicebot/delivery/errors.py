"""What can go wrong with a delivery. None of it ever reaches a call."""


class DeliveryRefused(ValueError):
    """A message that cannot be put in the outbox: nothing is configured for it, or its address is none."""


class SecretMissing(Exception):
    """A password, token or signing key is in neither its environment variable nor its file."""


class NotDelivered(Exception):
    """An attempt failed. ``lasting``: trying again would be refused again. The message holds no personal data."""

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.lasting = lasting

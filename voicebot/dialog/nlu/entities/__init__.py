"""Entities: what a request is about. Each module finds one kind in an utterance and gives it its official value."""

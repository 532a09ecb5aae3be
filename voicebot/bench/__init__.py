"""Benchmarks of the whole service, printed by ``voicebot bench``: slow, run by hand, never in CI."""

"""The dialogue policy: what to say and do next, given what was understood and what is known."""

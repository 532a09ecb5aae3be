"""The conversation: one call from answer to hang-up, tying the leg, the ears, the brain and the voice together."""

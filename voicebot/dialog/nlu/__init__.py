"""Understanding: from what was heard to intents and entities with calibrated confidence."""

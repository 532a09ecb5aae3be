"""Speech recognition: the Recognizer protocol and its engines."""

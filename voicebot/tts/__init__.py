"""Speech synthesis: the Voice protocol, its engines, French text normalisation, the prompt cache."""

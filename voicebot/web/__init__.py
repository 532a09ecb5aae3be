"""The web: health, and later the chatbot and the pages of supervisors."""

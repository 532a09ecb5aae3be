"""How the tables came to be, one step a file (Alembic); applied when the journal is opened."""

"""Run by Alembic: applies the steps on the connection that ``database`` gives, in its transaction."""

from alembic import context

from voicebot.journal.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

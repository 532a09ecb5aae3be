"""What figures need of each day and month, kept by column, and the triggers that remove it with any change.

This file says what the tables were at that step: it never follows later changes of ``schema``.
"""

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"
branch_labels = None
depends_on = None

_CONTACT = "day, hour, channel, outcome, theme, nature, category, commune, profile, transfer_result, person, started_at"
_TABLES = {
    "contacts": _CONTACT,
    "turns": "contact_id, day, intent, understood, delay_ms",
    "records": "contact_id, opened_at, type",
    "surveys": "contact_id, day, question, score",
}
"""The tables that facts are made from, with the columns they are made of."""
_WORDS_OF_DAYS = (
    "CREATE TABLE turn_words_days (day VARCHAR PRIMARY KEY, first_row INTEGER NOT NULL, last_row INTEGER NOT NULL)",
    "INSERT INTO turn_words_days (day, first_row, last_row) SELECT contacts.day, min(turns.rowid), max(turns.rowid) "
    "FROM turns JOIN contacts ON contacts.id = turns.contact_id GROUP BY contacts.day",
    "CREATE TRIGGER turn_words_days_added AFTER INSERT ON turns WHEN new.heard <> '' BEGIN "
    "INSERT INTO turn_words_days (day, first_row, last_row) "
    "SELECT day, new.rowid, new.rowid FROM contacts WHERE id = new.contact_id "
    "ON CONFLICT (day) DO UPDATE SET first_row = min(first_row, excluded.first_row), "
    "last_row = max(last_row, excluded.last_row); END",
)
"""Which rows of the full-text table belong to the contacts of a day: those from the first to the last."""


def upgrade() -> None:
    """Make the table, its triggers, and the indexes that lists and figures are read by."""
    op.create_table(
        "facts",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("block", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "period", name="pk_facts"),
    )
    op.drop_index("ix_contacts_person", "contacts")
    op.create_index("ix_contacts_person_theme_started_at", "contacts", ["person", "theme", "started_at"])
    op.create_index("ix_contacts_category_started_at", "contacts", ["category", "started_at"])
    if op.get_bind().dialect.name == "sqlite":
        for statement in _WORDS_OF_DAYS:
            op.execute(statement)
        _upgrade_sqlite()
    else:
        _upgrade_postgresql()


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER turn_words_days_added")
        op.drop_table("turn_words_days")
    for table in _TABLES:
        if op.get_bind().dialect.name == "sqlite":
            for event in ("insert", "delete", "update"):
                op.execute(f"DROP TRIGGER facts_{table}_{event}")
        else:
            for name in ("insert", "delete", "update_old", "update_new"):
                op.execute(f"DROP TRIGGER facts_{table}_{name} ON {table}")
            op.execute(f"DROP FUNCTION facts_of_{table}()")
    op.drop_index("ix_contacts_category_started_at", "contacts")
    op.drop_index("ix_contacts_person_theme_started_at", "contacts")
    op.create_index("ix_contacts_person", "contacts", ["person"])
    op.drop_table("facts")


def _forget(kind: str, days: str) -> str:
    """Return what removes the facts of ``days`` (a query of days) and of their months."""
    periods = f"SELECT day FROM ({days}) AS those UNION SELECT substr(day, 1, 7) FROM ({days}) AS these"  # noqa: S608
    return f"DELETE FROM facts WHERE kind = '{kind}' AND period IN ({periods});"  # noqa: S608


def _upgrade_sqlite() -> None:
    for table, columns in _TABLES.items():
        for event, row in (("insert", "new"), ("delete", "old")):
            body = " ".join(_sqlite_row(table, row))
            op.execute(f"CREATE TRIGGER facts_{table}_{event} AFTER {event} ON {table} BEGIN {body} END")
        both = _sqlite_row(table, "old") + _sqlite_row(table, "new")
        if table == "contacts":
            theirs = "WHERE contact_id = new.id"
            both += [_forget(kind, f"SELECT day FROM {kind} {theirs}") for kind in ("turns", "surveys")]  # noqa: S608
            opened = "FROM records WHERE contact_id = new.id"
            both.append(_forget("records", f"SELECT date(opened_at) AS day {opened} UNION {_next_day(opened)}"))
        body = " ".join(both)
        op.execute(f"CREATE TRIGGER facts_{table}_update AFTER UPDATE OF {columns} ON {table} BEGIN {body} END")


def _next_day(opened: str) -> str:
    """Return the day after that of UTC: in Paris it may be that one already."""
    return f"SELECT date(opened_at, '+1 day') {opened}"


def _sqlite_row(table: str, row: str) -> list[str]:
    if table == "records":
        at = f"{row}.opened_at"
        return [_forget("records", f"SELECT date({at}) AS day UNION SELECT date({at}, '+1 day')")]
    own = _forget(table, f"SELECT {row}.day AS day")
    if table != "contacts":
        return [own]
    week_before = f"date({row}.day, '-8 days')"
    return [own, _returns(f"{row}.day", week_before, "")]


def _returns(day: str, week_before: str, using: str) -> str:
    """Return what removes the returns that a contact of ``day`` may change."""
    months = f"substr({day}, 1, 7), substr({week_before}, 1, 7)"
    where = f"kind = 'returns' AND (period BETWEEN {week_before} AND {day} OR period IN ({months}))"
    return f"DELETE FROM facts {using} WHERE {where};"  # noqa: S608


def _upgrade_postgresql() -> None:
    for table in _TABLES:
        body = " ".join(_postgresql_body(table))
        op.execute(
            f"CREATE FUNCTION facts_of_{table}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body} RETURN NULL; END $$"
        )
        for name, event, rows in (
            ("insert", "INSERT", "NEW"),
            ("delete", "DELETE", "OLD"),
            ("update_old", "UPDATE", "OLD"),
            ("update_new", "UPDATE", "NEW"),
        ):
            op.execute(
                f"CREATE TRIGGER facts_{table}_{name} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed "
                f"FOR EACH STATEMENT EXECUTE FUNCTION facts_of_{table}()"
            )


def _postgresql_body(table: str) -> list[str]:
    local = "SELECT to_char(records.opened_at AT TIME ZONE 'Europe/Paris', 'YYYY-MM-DD') AS day FROM"
    if table == "records":
        return [_forget("records", f"{local} changed AS records")]
    own = _forget(table, "SELECT day FROM changed")
    if table != "contacts":
        return [own]
    theirs = [
        _forget(kind, f"SELECT {kind}.day FROM {kind} JOIN changed ON {kind}.contact_id = changed.id")  # noqa: S608
        for kind in ("turns", "surveys")
    ]
    opened = _forget("records", f"{local} records JOIN changed ON records.contact_id = changed.id")
    week_before = "to_char(one.day::date - 8, 'YYYY-MM-DD')"
    returns = _returns("one.day", week_before, "USING (SELECT DISTINCT day FROM changed) AS one")
    return [own, *theirs, opened, returns]

"""A trigram index over the searched text, where the database has one."""

from django.db import migrations

TABLE = "recovery_accounttext"
INDEX = "account_text_folded_trigrams"


def has_trigrams(connection):
    """Say whether this server brings pg_trgm: a bare PostgreSQL does not, and searches slower."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        return cursor.fetchone() is not None


def create(apps, schema_editor):
    if not has_trigrams(schema_editor.connection):
        return
    # Trusted since PostgreSQL 13: the owner of the database may create it.
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    schema_editor.execute(f"CREATE INDEX {INDEX} ON {TABLE} USING gin (folded gin_trgm_ops)")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    dependencies = [("recovery", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]

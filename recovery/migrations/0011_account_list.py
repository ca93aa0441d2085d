"""An index for each order of the account list. That of the search is made after the migration."""

from django.db import migrations, models

import recovery.models.orders


def drop_older_search_index(_apps, schema_editor):
    """It needed an extension. `recovery.search_index` has what took its place."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS account_text_folded_trigrams")


class Migration(migrations.Migration):
    dependencies = [("recovery", "0010_jobs")]

    operations = [
        migrations.RemoveIndex(model_name="account", name="account_codes_left"),
        migrations.RemoveIndex(model_name="account", name="account_flagged"),
        migrations.RemoveIndex(model_name="account", name="account_recovered"),
        migrations.RemoveIndex(model_name="account", name="account_privileged"),
        migrations.RemoveIndex(model_name="account", name="account_not_enrolled"),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                models.F("backup_codes_left"), models.F("id"), name="account_by_codes"
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(models.F("enrolment"), models.F("id"), name="account_by_enrolment"),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                recovery.models.orders.DueOrder(), models.F("id"), name="account_by_due"
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                recovery.models.orders.RecoveryOrder(), models.F("id"), name="account_by_recovery"
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                models.F("id"),
                condition=models.Q(("tier", "privileged")),
                name="account_privileged",
            ),
        ),
        migrations.RunPython(drop_older_search_index, migrations.RunPython.noop),
    ]

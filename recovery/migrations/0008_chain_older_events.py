"""Chain what was written before there was a chain, and put on the ledger that this was done."""

from itertools import batched
from secrets import token_hex

from django.db import connections, migrations
from django.utils import timezone

from recovery.canonical import COMMITTED, GENESIS, OPEN, content_of, hash_of, line_of

FIELDS = ("id", "at", "salt", *OPEN, *COMMITTED)
BATCH = 1000


def chain_older_events(apps, schema_editor):
    using = schema_editor.connection.alias
    events = apps.get_model("recovery", "AuditEvent").objects.using(using)
    entries = apps.get_model("recovery", "ChainEntry").objects.using(using)
    older = events.order_by("id").values(*FIELDS)
    if not older.exists():
        return
    _take_triggers_off(schema_editor)
    _record(events)
    previous, sequence = GENESIS, 0
    for batch in batched(older.iterator(chunk_size=BATCH), BATCH):
        contents, rows = [], []
        for event in batch:
            sequence += 1
            content = content_of(event)
            line = line_of(content, event_id=event["id"], sequence=sequence, previous=previous)
            previous = hash_of(line)
            contents.append((content, event["id"]))
            rows.append(entries.model(sequence=sequence, event_id=event["id"], hash=previous))
        with connections[using].cursor() as cursor:
            cursor.executemany(
                "UPDATE recovery_auditevent SET content = %s WHERE id = %s", contents
            )
        entries.bulk_create(rows)


def _record(events):
    events.create(
        at=timezone.now(),
        operation="chain_ledger",
        outcome="completed",
        actor_name="migrate",
        salt=token_hex(16),
        detail={"events": events.count()},
        content="",
    )


def _take_triggers_off(schema_editor):
    # They are there if somebody stopped at the migration before this one.
    for table in ("auditevent", "chainentry"):
        name = f"recovery_ledger_{table}"
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}_no_change ON recovery_{table}")
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}_no_update")
    on = " ON recovery_auditevent" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP TRIGGER IF EXISTS recovery_ledger_link{on}")


class Migration(migrations.Migration):
    dependencies = [("recovery", "0007_chain")]

    operations = [migrations.RunPython(chain_older_events, migrations.RunPython.noop)]

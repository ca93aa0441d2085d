"""Made a trigram index by an extension once. What took its place needs none: see 0011."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("recovery", "0001_initial")]
    operations = []

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    """Extensions that the models of this floor and the next rely on."""

    initial = True
    dependencies = []
    operations = [TrigramExtension(), BtreeGistExtension()]

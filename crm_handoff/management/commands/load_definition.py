"""Write a definition's YAML file as a draft version."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm_handoff.management.arguments import person
from definitions import versions
from definitions.document import DocumentUnreadable


class Command(BaseCommand):
    """Load a version."""

    help = "Write a definition's YAML file as the next draft; every problem is printed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="email", required=True, help="E-mail of the author.")

    def handle(self, *args: Any, file: Path, email: str, **options: Any) -> None:
        try:
            author = person({"email": email})
            version = versions.load(file.read_text(encoding="utf-8"), by=author)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}.") from error
        except (DocumentUnreadable, versions.ContentInvalid) as error:
            raise CommandError(f"{file} is not loaded:\n{error}") from error
        self.stdout.write(f"{version.definition.key} {version.number} is a draft.")

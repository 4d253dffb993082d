"""Keep the catalogs of translated texts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm_handoff import catalogs


class Command(BaseCommand):
    help = "Bring the catalogs in locale/ up to the texts of the product, and compile them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail when one is incomplete."
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        wrong = []
        for language in catalogs.languages():
            if not check:
                catalogs.update(language)
            wrong += [f"{language}: {problem}" for problem in catalogs.problems(language)]
        if wrong and check:
            raise CommandError("\n".join(wrong))
        for problem in wrong:
            self.stdout.write(problem)

"""`manage.py relay`: look for due work until stopped."""

import os
import signal
import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm_handoff.people.demo import refuse_in_production
from crm_handoff.relay import Relay


class Command(BaseCommand):
    """Run one relay; start two or more, they need no leader."""

    help = "Look for due work and wake workers for it; run two or more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default=f"relay@{socket.gethostname()}:{os.getpid()}")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_in_production()
        relay = Relay(options["name"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop())
        relay.run()

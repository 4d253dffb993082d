"""A mail server that takes a message and lets one wait for its word: time enough to be killed."""

import random
import time

from django.core.mail.backends.filebased import EmailBackend

LONGEST_WAIT_SECONDS = 0.1


class SlowServer(EmailBackend):
    def send_messages(self, messages):
        sent = super().send_messages(messages)
        time.sleep(random.uniform(0, LONGEST_WAIT_SECONDS))
        return sent

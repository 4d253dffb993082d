"""What the launcher says instead of a traceback."""


class CannotGoOn(Exception):
    """A sentence for the person at the terminal: what is wrong, and what to do about it."""


class Stopped(BaseException):
    """The person, or the system, asked to stop; not an error, so no `except Exception` eats it."""

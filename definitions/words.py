"""What people write, as far as any text is judged by its characters alone."""

import unicodedata


def is_blank(text: str) -> bool:
    """Say whether a text shows nothing: spaces and characters without a width are no words."""
    return all(unicodedata.category(character)[0] in "ZC" for character in text)

"""Meaning: the vocabulary, the pure engine, versions and sign-off; the ground floor."""

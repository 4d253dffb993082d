"""The agreement in words: what it says, what changes, and who is told."""

"""The world outside: what is owed to it, and what it sends."""

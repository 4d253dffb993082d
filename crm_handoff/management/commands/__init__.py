"""Thin commands: parse, read the clock, call one function, present."""

"""Ownership: reps, territories, handoffs, decisions, calendars, clocks, answers."""

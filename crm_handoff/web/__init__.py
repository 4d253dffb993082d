"""The pages that reps and leads of teams use."""

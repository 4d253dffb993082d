"""What benchmarks read: much of it, filled in by few statements."""

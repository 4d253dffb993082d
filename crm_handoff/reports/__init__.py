"""Questions asked of the data; read-only."""

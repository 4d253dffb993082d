"""Facts: accounts, leads and touchpoints; intake, qualification, lifecycle, import."""

"""A PST file as a sync store."""

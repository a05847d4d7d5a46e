"""Files people bring along: one format per module, read as a stream of plain rows."""

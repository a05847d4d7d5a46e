"""Files that people import: one format per module, read as a stream of plain rows."""

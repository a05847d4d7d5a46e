"""What clients see, and how a document is run."""

"""Background work: plain functions, safe to run twice."""

"""Work off the request path: plain functions, safe to run twice."""

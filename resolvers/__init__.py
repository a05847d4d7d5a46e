"""Resolvers: one function per field, AppSync-style; one module per noun."""

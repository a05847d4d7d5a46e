"""Generators of reference pages: settings, errors and the data model in docs/, and the schema for the site."""

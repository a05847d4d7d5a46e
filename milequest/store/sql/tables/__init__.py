"""Every table, and the metadata of all of them."""

from milequest.store.sql.tables import activities, boards, events, goals, identity, routes, sessions, teams, users
from milequest.store.sql.tables.base import metadata

__all__ = ["activities", "boards", "events", "goals", "identity", "metadata", "routes", "sessions", "teams", "users"]

"""A route, its waypoints and its legs. Their rows never change: a new line is a new route."""

from geoalchemy2 import Geography
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from milequest.rules.enums import LegQuality, RouteSource, WaypointKind
from milequest.store.sql.tables.base import instant, metadata, one_of, primary_key


def _owner() -> Column[object]:
    return Column("route_id", Uuid, ForeignKey("route.id", ondelete="CASCADE"), primary_key=True)


def _index() -> Column[int]:
    return Column("index", Integer, primary_key=True, autoincrement=False)


route = Table(
    "route",
    metadata,
    primary_key(),
    Column("source", Text, nullable=False),
    Column(
        "length_mm",
        BigInteger,
        CheckConstraint("length_mm > 0", name="length"),
        nullable=False,
    ),
    # West is greater than east where the route crosses the antimeridian.
    Column("south", Double, nullable=False),
    Column("west", Double, nullable=False),
    Column("north", Double, nullable=False),
    Column("east", Double, nullable=False),
    Column("overview", Text, nullable=False),  # polyline6 of at most 500 points
    Column("elevation_gain_m", Double),
    Column("attribution", Text),
    instant("created_at"),
    CheckConstraint("length_mm > 0", name="length"),
    one_of("source", RouteSource),
)

route_waypoint = Table(
    "route_waypoint",
    metadata,
    _owner(),
    _index(),
    Column("name", Text),
    Column("position", Geography("POINT", srid=4326, spatial_index=False), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at_mm", BigInteger, nullable=False),
    Column("is_locked", Boolean, nullable=False),
    one_of("kind", WaypointKind),
)

# Leg i runs from waypoint i to i + 1.
route_leg = Table(
    "route_leg",
    metadata,
    _owner(),
    _index(),
    Column("starts_at_mm", BigInteger, nullable=False),
    Column("length_mm", BigInteger, nullable=False),
    Column("duration_s", Integer),
    Column("quality", Text, nullable=False),
    Column("line", Geography("LINESTRING", srid=4326, spatial_index=False), nullable=False),
    Column("crosses_antimeridian", Boolean, nullable=False),
    Column("overview", Text, nullable=False),  # polyline6, this leg's part of the route's overview
    CheckConstraint("length_mm >= 0", name="length"),
    one_of("quality", LegQuality),
)

# A leg's line once more, in pieces of at most 64 points, with the spheroid distance in metres from the leg's start to
# each of them. Placing a marker then reads one small row: reading a whole line of 200,000 points takes 30 ms.
route_stretch = Table(
    "route_stretch",
    metadata,
    Column("route_id", Uuid, primary_key=True),
    Column("leg_index", Integer, primary_key=True, autoincrement=False),
    _index(),
    Column("starts_at_m", Double, nullable=False),
    Column("line", Geography("LINESTRING", srid=4326, spatial_index=False), nullable=False),
    Column("measures", ARRAY(Double), nullable=False),
    ForeignKeyConstraint(["route_id", "leg_index"], ["route_leg.route_id", "route_leg.index"], ondelete="CASCADE"),
)
Index("ix_route_stretch_place", route_stretch.c.route_id, route_stretch.c.leg_index, route_stretch.c.starts_at_m)

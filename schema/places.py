"""Positions and places as the API shows them."""

import strawberry

from schema.fields import about


@strawberry.type(description="A position on WGS84.")
class LatLng:
    lat: float = about("Degrees north, -90 to 90.")
    lng: float = about("Degrees east, -180 to 180.")


@strawberry.input(description="A position on WGS84.")
class LatLngInput:
    lat: float = about("Degrees north, -90 to 90.")
    lng: float = about("Degrees east, -180 to 180.")


@strawberry.type(description="A named place.")
class Place:
    name: str = about("What it is called.")
    address: str | None = about("Where it is, to tell it from its namesakes.")
    position: LatLng = about("Its position.")
    country: str | None = about("ISO 3166-1 alpha-2.")

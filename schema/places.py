"""Positions and places in the API."""

import strawberry

from schema.fields import attribute


@strawberry.type(description="A position on WGS84.")
class LatLng:
    lat: float = attribute("Degrees north, -90 to 90.")
    lng: float = attribute("Degrees east, -180 to 180.")


@strawberry.input(description="A position on WGS84.")
class LatLngInput:
    lat: float = attribute("Degrees north, -90 to 90.")
    lng: float = attribute("Degrees east, -180 to 180.")


@strawberry.type(description="A named place.")
class Place:
    name: str = attribute("Its name.")
    address: str | None = attribute("Its address, which distinguishes places of one name.")
    position: LatLng = attribute("Its position.")
    country: str | None = attribute("ISO 3166-1 alpha-2.")

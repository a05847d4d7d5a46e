"""Small GPX files for tests, and their parsed content."""

import io

import pytest

from milequest.imports.gpx import GpxTrack, read_gpx
from milequest.rules.errors import ValidationError

NAMESPACE = 'xmlns="http://www.topografix.com/GPX/1/1" version="1.1"'


def read(text: str | bytes) -> GpxTrack:
    return read_gpx(io.BytesIO(text.encode() if isinstance(text, str) else text))


def segment(*points: tuple[float, float] | tuple[float, float, object]) -> str:
    elevations = ["".join(f"<ele>{each}</ele>" for each in point[2:]) for point in points]
    tags = [
        f'<trkpt lat="{lat}" lon="{lng}">{ele}</trkpt>' for (lat, lng, *_), ele in zip(points, elevations, strict=True)
    ]
    return f"<trkseg>{''.join(tags)}</trkseg>"


def track(*segments: str, name: str = "A walk", namespace: str = NAMESPACE) -> str:
    return f"<gpx {namespace}><trk><name>{name}</name>{''.join(segments)}</trk></gpx>"


def refusal(text: str | bytes) -> str:
    with pytest.raises(ValidationError) as caught:
        read(text)
    [fault] = caught.value.fields
    assert fault.path == "file"
    return fault.message

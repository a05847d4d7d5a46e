"""JPEG: segments behind markers, and between them the compressed pixels (ITU T.81, annex B)."""

import re
import struct
from collections.abc import Iterator
from typing import Final

from milequest.rules.pictures import exif
from milequest.rules.pictures.faults import BadPicture
from milequest.rules.pictures.sizes import refuse_dimensions, refuse_parts

_START: Final = b"\xff\xd8"
_END: Final = 0xD9
_SCAN: Final = 0xDA
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # shown by browsers: baseline, extended, progressive
_NEEDED: Final = _FRAMES | {_SCAN, 0xC4, 0xDB, 0xDD}  # with tables of Huffman's codes, quantisation, restarts
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a segment
_MARKER: Final = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)  # any number of FFs may precede it
_END_OF_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_MOST_SCANS: Final = 100  # each makes a browser go over all pixels again
_EXIF: Final = b"Exif\0\0"
_PROFILE: Final = b"ICC_PROFILE\0"
_ADOBE: Final = b"Adobe"  # the colour transform
_ADOBE_BYTES: Final = 12
_JFIF: Final = b"JFIF\0"


def is_one(data: bytes) -> bool:
    """Return whether it begins as a JPEG does."""
    return data.startswith(_START + b"\xff")


def cleaned(data: bytes) -> bytes:
    """Return the picture alone. Raises BadPicture, IndexError or ValueError."""
    kept, frames, scans, told = [_START], 0, 0, False
    for marker, body, pixels in _segments(data):
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", body, 1) if len(body) >= 6 else (0, 0)
            refuse_dimensions(width, height)
            frames += 1
        elif marker == _SCAN:
            scans += 1
        is_exif = marker == _APP1 and body.startswith(_EXIF)
        shown = None if is_exif and told else _shown(marker, body)
        told = told or is_exif  # the first one counts
        if shown is not None:
            kept.append(struct.pack(">BBH", 0xFF, marker, len(shown) + 2) + shown + pixels)
    if frames != 1 or not 1 <= scans <= _MOST_SCANS:
        raise BadPicture("the JPEG has no picture in it that browsers show")
    return b"".join([*kept, bytes((0xFF, _END))])


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield each segment's marker, body, and the pixels behind it; up to the end, after which a film may follow.

    As decoders do, it skips bytes between two segments, and takes the end of the file after pixels for that of the
    picture.
    """
    at, count, has_pixels = len(_START), 0, False
    while (found := _MARKER.search(data, at)) or not has_pixels:
        if found is None:
            raise BadPicture("the picture is cut off")
        marker, at = found[0][1], found.end()
        if marker == _END:
            return
        count += 1
        refuse_parts(count)
        if marker in _ALONE:
            continue
        (length,) = struct.unpack(">H", _exactly(data, at, 2))
        body = _exactly(data, at + 2, length - 2)
        start = at = at + length
        if marker == _SCAN:
            ended = _END_OF_SCAN.search(data, start)
            at, has_pixels = ended.start() if ended else len(data), True
        yield marker, body, data[start:at]


def _exactly(data: bytes, at: int, size: int) -> bytes:
    part = data[at : at + size]
    if size < 0 or len(part) != size:
        raise BadPicture("the picture is cut off")
    return part


def _shown(marker: int, body: bytes) -> bytes | None:
    """Return the part of a segment needed to show the picture; None if there is none."""
    if marker in _NEEDED:
        return body
    if marker == _APP0 and body.startswith(_JFIF):
        return body[:12].ljust(12, b"\0") + b"\0\0"  # without its thumbnail
    if marker == _APP1 and body.startswith(_EXIF):
        only = exif.only_orientation(body[len(_EXIF) :])
        return _EXIF + only if only else None
    if marker == _APP14 and body.startswith(_ADOBE):
        return body[:_ADOBE_BYTES]
    if marker == _APP2 and body.startswith(_PROFILE):
        return body  # the colour profile, the only data kept whole besides the pixels
    if _APP0 <= marker <= _APP15 or marker == _COMMENT:
        return None
    raise BadPicture("this kind of JPEG is shown by few browsers")

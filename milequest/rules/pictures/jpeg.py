"""JPEG: segments behind markers, and between them the compressed pixels (ITU T.81, annex B)."""

import struct
from collections.abc import Iterator
from typing import Final

from milequest.rules.pictures import exif
from milequest.rules.pictures.faults import BadPicture
from milequest.rules.pictures.sizes import refuse_dimensions

_START: Final = b"\xff\xd8"
_END: Final = 0xD9
_SCAN: Final = 0xDA
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # what browsers show: baseline, extended, progressive
_NEEDED: Final = _FRAMES | {_SCAN, 0xC4, 0xDB, 0xDD}  # with tables of Huffman's codes, quantisation, restarts
_IN_SCAN: Final = frozenset({0x00, *range(0xD0, 0xD8)})  # what follows an FF that ends no scan
_MOST_SCANS: Final = 100  # each makes a browser go over all pixels again
_EXIF: Final = b"Exif\0\0"
_COLOURS: Final = {_APP2: b"ICC_PROFILE\0", _APP14: b"Adobe"}  # what begins the segments that say how they are meant
_JFIF: Final = b"JFIF\0"


def is_one(data: bytes) -> bool:
    """Whether it begins as a JPEG does."""
    return data.startswith(_START + b"\xff")


def cleaned(data: bytes) -> bytes:
    """The picture alone. Raises BadPicture, IndexError or ValueError."""
    kept, frames, scans = [_START], 0, 0
    for marker, body, pixels in _segments(data):
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", body, 1) if len(body) >= 6 else (0, 0)
            refuse_dimensions(width, height)
            frames += 1
        elif marker == _SCAN:
            scans += 1
        shown = _shown(marker, body)
        if shown is not None:
            kept.append(struct.pack(">BBH", 0xFF, marker, len(shown) + 2) + shown + pixels)
    if frames != 1 or not 1 <= scans <= _MOST_SCANS:
        raise BadPicture("the JPEG has no picture in it that browsers show")
    return b"".join([*kept, bytes((0xFF, _END))])


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Each segment's marker, body, and the pixels behind it; up to the end, behind which may lie a film."""
    at = len(_START)
    while True:
        if data[at] != 0xFF:
            raise BadPicture("the JPEG is damaged")
        while data[at] == 0xFF:  # any number of them may stand before a marker
            at += 1
        marker = data[at]
        if marker == _END:
            return
        (length,) = struct.unpack(">H", _exactly(data, at + 1, 2))
        body = _exactly(data, at + 3, length - 2)
        start = at = at + 1 + length
        if marker == _SCAN:
            at = _end_of_scan(data, start)
        yield marker, body, data[start:at]


def _end_of_scan(data: bytes, at: int) -> int:
    while True:
        at = data.index(b"\xff", at)
        if data[at + 1] == 0xFF:  # a filling
            at += 1
        elif data[at + 1] in _IN_SCAN:
            at += 2
        else:
            return at


def _exactly(data: bytes, at: int, size: int) -> bytes:
    part = data[at : at + size]
    if size < 0 or len(part) != size:
        raise BadPicture("the picture is cut off")
    return part


def _shown(marker: int, body: bytes) -> bytes | None:
    """What of a segment is needed to show the picture; None where that is nothing."""
    if marker in _NEEDED:
        return body
    if marker == _APP0 and body.startswith(_JFIF):
        return body[:12].ljust(12, b"\0") + b"\0\0"  # without its thumbnail
    if marker == _APP1 and body.startswith(_EXIF):
        only = exif.only_orientation(body[len(_EXIF) :])
        return _EXIF + only if only else None
    if marker in _COLOURS and body.startswith(_COLOURS[marker]):
        return body
    if _APP0 <= marker <= _APP15 or marker == _COMMENT:
        return None
    raise BadPicture("this kind of JPEG is shown by few browsers")

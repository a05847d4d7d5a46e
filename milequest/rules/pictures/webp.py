"""WebP: chunks in a RIFF container (RFC 9649)."""

import struct
from collections.abc import Iterator
from typing import Final

from milequest.rules.pictures import exif
from milequest.rules.pictures.faults import BadPicture
from milequest.rules.pictures.sizes import refuse_dimensions, refuse_parts

_SHOWN: Final = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP"})
_ANIMATED: Final = frozenset({b"ANIM", b"ANMF"})
_EXIF: Final = b"Exif\0\0"  # some write it before the TIFF structure, as in JPEG
_HAS_EXIF, _HAS_XMP, _IS_ANIMATED = 0x08, 0x04, 0x02


def is_one(data: bytes) -> bool:
    """Return whether it begins as a WebP does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def cleaned(data: bytes) -> bytes:
    """Return the picture alone. Raises BadPicture."""
    chunks = dict(_chunks(data))
    pixels = [kind for kind in (b"VP8 ", b"VP8L") if kind in chunks]
    if len(pixels) != 1:
        raise BadPicture("the WebP has no picture in it, or is animated")
    width, height = _size_of(pixels[0], chunks[pixels[0]])
    refuse_dimensions(width, height)
    if b"VP8X" not in chunks:  # nothing else is shown then
        chunks = {pixels[0]: chunks[pixels[0]]}
    else:
        up = exif.only_orientation(chunks.get(b"EXIF", b"").removeprefix(_EXIF))
        chunks[b"VP8X"] = _extended(chunks[b"VP8X"], (width, height), turned=bool(up))
        chunks[b"EXIF"] = up
    kept = b"".join(_chunk(kind, body) for kind, body in chunks.items() if kind in _SHOWN or (kind == b"EXIF" and body))
    return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WEBP" + kept


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk's type and body, the first of its type, up to the container's stated end."""
    (size,) = struct.unpack("<I", data[4:8])
    end, at, known, count = size + 8, 12, set(), 0
    if end > len(data):
        raise BadPicture("the picture is cut off")
    while at + 8 <= end:
        count += 1
        refuse_parts(count)
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > end:
            raise BadPicture("the picture is cut off")
        if kind in _ANIMATED:
            raise BadPicture("the WebP is animated")
        if kind not in known:
            known.add(kind)
            yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _size_of(kind: bytes, body: bytes) -> tuple[int, int]:
    """Return width and height, as stated by the pixels themselves (RFC 6386, 9.1; RFC 9649, 3.4)."""
    if kind == b"VP8L":
        if len(body) < 5 or body[0] != 0x2F:
            raise BadPicture("the WebP is damaged")
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if len(body) < 10 or body[0] & 1 or body[3:6] != b"\x9d\x01\x2a":
        raise BadPicture("the WebP is damaged")
    width, height = struct.unpack_from("<HH", body, 6)
    return width & 0x3FFF, height & 0x3FFF


def _extended(body: bytes, size: tuple[int, int], *, turned: bool) -> bytes:
    """Return the header that lists what there is besides pixels, reduced to what is kept."""
    if len(body) < 10 or body[0] & _IS_ANIMATED:
        raise BadPicture("the WebP is animated")
    canvas = int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if canvas != size:
        raise BadPicture("the WebP is damaged")
    flags = body[0] & ~_HAS_XMP & ~_HAS_EXIF | (_HAS_EXIF if turned else 0)
    return bytes((flags,)) + body[1:10]

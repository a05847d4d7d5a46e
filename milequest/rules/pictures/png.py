"""PNG: chunks with their checksums (the W3C's third edition). The pixels are unpacked, to check that all are there."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from milequest.rules.pictures import exif
from milequest.rules.pictures.faults import BadPicture
from milequest.rules.pictures.sizes import refuse_dimensions, refuse_parts

_START: Final = b"\x89PNG\r\n\x1a\n"
_SHOWN: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"sRGB", b"iCCP", b"cICP"})
_MOST: Final = {b"PLTE": 768, b"IEND": 0, b"tRNS": 256, b"cHRM": 32, b"gAMA": 4, b"sRGB": 1, b"cICP": 4}  # bytes
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the type of colour
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PASSES: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_AT_ONCE: Final = 1 << 20  # bytes that are unpacked at a time


def is_one(data: bytes) -> bool:
    """Return whether it begins as a PNG does."""
    return data.startswith(_START)


def cleaned(data: bytes) -> bytes:
    """Return the picture alone, without texts and times; of an animated one the still. Raises BadPicture."""
    kept, packed, header = [_START], [], b""
    for kind, body in _chunks(data):
        if bool(header) == (kind == b"IHDR"):  # one, and at the beginning
            raise BadPicture("the PNG is damaged")
        if kind == b"IHDR":
            header = body
        elif kind == b"IDAT":
            packed.append(body)
        elif kind == b"eXIf":
            body = exif.only_orientation(body)
        if kind in _SHOWN or (kind == b"eXIf" and body):
            kept.append(_chunk(kind, body))
        elif not kind[0] & 0x20:
            raise BadPicture("the PNG has parts that nobody knows")
        if len(body) > _MOST.get(kind, len(body)):
            raise BadPicture("the PNG has parts that are too long")
    _refuse_pixels(b"".join(packed), _unpacked_size(header))
    return b"".join(kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk's type and body, up to the end: data after it is no picture."""
    at, kind, count = len(_START), b"", 0
    while kind != b"IEND":
        count += 1
        refuse_parts(count)
        head = data[at : at + 8]
        if len(head) < 8:
            raise BadPicture("the picture is cut off")
        length, kind = struct.unpack(">I4s", head)
        chunk = data[at + 4 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        if len(checksum) < 4:
            raise BadPicture("the picture is cut off")
        if zlib.crc32(chunk) != int.from_bytes(checksum):
            raise BadPicture("the PNG is damaged")
        yield kind, chunk[4:]
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _unpacked_size(header: bytes) -> int:
    """Return the number of bytes of the pixels: each row has one more that gives its filter."""
    if len(header) != 13:
        raise BadPicture("the PNG is damaged")
    width, height, depth, colour, packing, filtering, interlace = struct.unpack(">IIBBBBB", header)
    refuse_dimensions(width, height)
    if depth not in _DEPTHS.get(colour, ()) or packing or filtering or interlace > 1:
        raise BadPicture("this kind of PNG does not exist")
    bits = depth * _CHANNELS[colour]
    sizes = [(width, height)]
    if interlace:
        sizes = [
            ((width - x + across - 1) // across, (height - y + down - 1) // down) for x, y, across, down in _PASSES
        ]
    return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sizes if columns > 0 and rows > 0)


def _refuse_pixels(packed: bytes, size: int) -> None:
    """Raise BadPicture if there are more or fewer than `size` bytes; no more are unpacked to find out.

    Nothing may follow the packed ones in their chunks either: no decoder shows it.
    """
    unpacking, found = zlib.decompressobj(), 0
    try:
        while not unpacking.eof and found <= size:
            part = unpacking.decompress(packed, _AT_ONCE)
            packed, found = unpacking.unconsumed_tail, found + len(part)
            if not part and not packed:
                break
    except zlib.error:
        raise BadPicture("the PNG is damaged") from None
    if unpacking.unused_data:
        raise BadPicture("the PNG has something behind its pixels")
    if found != size or not unpacking.eof:
        raise BadPicture("the PNG's pixels are more or fewer than it says")

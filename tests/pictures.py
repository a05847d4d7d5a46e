"""Small pictures as cameras and programs write them, with private metadata in them."""

import base64
import struct
import zlib
from typing import Final

SECRET: Final = b"48.8584N 2.2945E"

_JPEG: Final = (  # 8 × 8, red: as Pillow writes it
    "|JeWF01!$>Nk#wx0RR9200961|JwjV0RR90|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0"
    "|Nq+nLjnK)|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsBM01*fP2mlBJ0U`hb5di}c"
    "0sq7R6#xMN00000000000000000001|HJ?k5CH%H0000000000000000095Q02KiN0RR910000000000000010{_GS6cGUc00000000000000"
    "000030+5ij#0RRFK0}%i}0DuL*|Je"
)
_WEBP_LOSSLESS: Final = "Qb|Te9smFUS4BclR!}%h5dZ)HF9*N@00&TyBG;q;fr#jT000"
_WEBP_LOSSY: Final = "Qb|TeFaQ7mS4BclR!}$~Bme*aZ~*|F0V)Up2mlPg&LyA%bOAsB0RGx05r&O^F6>7cBme*a"


def jpeg() -> bytes:
    """Return a plain one."""
    return base64.b85decode(_JPEG)


def webp(*, lossless: bool) -> bytes:
    """Return a plain one."""
    return base64.b85decode(_WEBP_LOSSLESS if lossless else _WEBP_LOSSY)


def exif(orientation: int, order: str = "<") -> bytes:
    """Return Exif with a comment, the orientation and the place."""
    entries = [(0x010E, 2, len(SECRET), 50), (0x0112, 3, 1, orientation if order == "<" else orientation << 16)]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    directory = struct.pack(f"{order}H", 2) + b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    return (head + directory).ljust(50, b"\0") + SECRET


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def photo(orientation: int = 6, order: str = "<") -> bytes:
    """Return a telephone's JPEG: with Exif, XMP, a comment, a thumbnail, a colour profile and a film behind it."""
    plain = jpeg()
    jfif = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x02\x02" + b"pix" * 4)
    more = [
        segment(0xE1, b"Exif\0\0" + exif(orientation, order)),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
        segment(0xE2, b"ICC_PROFILE\0\x01\x01colours"),
        segment(0xE2, b"MPF\0" + SECRET),
        segment(0xED, b"Photoshop 3.0\0" + SECRET),
        segment(0xFE, SECRET),
    ]
    after_start = 2 + 2 + int.from_bytes(plain[4:6])  # behind its own JFIF
    return plain[:2] + jfif + b"".join(more) + plain[after_start:] + b"ftypmp42" + SECRET


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int = 8,
    height: int = 8,
    *more: bytes,
    shade: int = 7,
    pixels: bytes | None = None,
    packed: bytes | None = None,
) -> bytes:
    """Return a grey PNG with further chunks before its pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([shade]) * width) * height if pixels is None else pixels
    packed = zlib.compress(rows, 1) if packed is None else packed
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", packed), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def interlaced(width: int, height: int, bits: int) -> bytes:
    """Return a grey PNG of seven passes, each pixel in its pass of the standard's pattern of 8 × 8."""
    pattern = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"]
    rows = b""
    for number in "1234567":
        for y in range(height):
            there = sum(pattern[y % 8][x % 8] == number for x in range(width))
            if there:
                rows += b"\0" * (1 + (there * bits + 7) // 8)
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 1)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a WebP of chunks."""
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def pixels_of(picture: bytes) -> tuple[bytes, bytes]:
    """Return the one chunk of a plain WebP."""
    kind, size = struct.unpack_from("<4sI", picture, 12)
    return kind, picture[20 : 20 + size]


def extended(flags: int, width: int = 8, height: int = 8) -> tuple[bytes, bytes]:
    """Return the header of a WebP that has more than pixels."""
    return b"VP8X", bytes((flags, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")

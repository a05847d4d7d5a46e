"""The one value of Exif needed to show a picture: its orientation. Everything else in it is dropped."""

import struct
from typing import Final

_TAG: Final = 0x0112
_SHORT: Final = 3
AS_IT_IS: Final = 1  # the orientation if none is given


def orientation(tiff: bytes) -> int:
    """Return 1 to 8, from the TIFF structure that Exif is; 1 if it is not readable."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return AS_IT_IS
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if (tag, kind) == (_TAG, _SHORT):
                return value if 1 <= value <= 8 else AS_IT_IS
    except struct.error:
        pass
    return AS_IT_IS


def only_orientation(tiff: bytes) -> bytes:
    """Return a TIFF structure with nothing but the orientation of `tiff`; empty for the default one."""
    value = orientation(tiff)
    if value == AS_IT_IS:
        return b""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _TAG, _SHORT, 1, value, 0, 0)

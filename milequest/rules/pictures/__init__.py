"""Pictures people upload: found good by their own bytes, whatever the client calls them, and cleaned of all but the
picture.

A photo tells where and when it was taken, and by what; some carry a film behind it. What is kept is what it takes to
show the picture: its pixels, its colours' profile and which side is up. Nothing is decoded or compressed again, so
nothing is lost, and it takes no library.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from milequest.rules.pictures import jpeg, png, webp
from milequest.rules.pictures.faults import BadPicture
from milequest.rules.pictures.sizes import refuse_size

__all__ = ["EXTENSIONS", "MAX_BYTES", "BadPicture", "Picture", "cleaned"]

MAX_BYTES: Final = 5 * 1024 * 1024

EXTENSIONS: Final[Mapping[str, str]] = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}

_FORMATS: Final[Mapping[str, tuple[Callable[[bytes], bool], Callable[[bytes], bytes]]]] = {
    "image/jpeg": (jpeg.is_one, jpeg.cleaned),
    "image/png": (png.is_one, png.cleaned),
    "image/webp": (webp.is_one, webp.cleaned),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that may be shown to everybody."""

    content_type: str
    data: bytes

    @property
    def extension(self) -> str:
        """What its file's name ends with."""
        return EXTENSIONS[self.content_type]


def cleaned(data: bytes) -> Picture:
    """The picture in `data`. Takes a while for a large one. Raises BadPicture."""
    refuse_size(len(data), MAX_BYTES)
    for content_type, (is_one, clean) in _FORMATS.items():
        if is_one(data):
            try:
                return Picture(content_type, clean(data))
            except (IndexError, ValueError):  # it ends where it should go on
                raise BadPicture("the picture is cut off") from None
    raise BadPicture("this is no picture in JPEG, PNG or WebP")

"""Pictures people upload: checked by their own bytes, whatever type the client states, and cleaned of everything else.

A photo holds place, time and device; some files have a film appended. Kept is what is needed to show the picture: its
pixels, its colour profile and its orientation. Nothing is decoded or compressed again, so nothing is lost, and no
library is needed.
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
    """A picture that may be shown to everyone."""

    content_type: str
    data: bytes

    @property
    def extension(self) -> str:
        """The extension of its file's name."""
        return EXTENSIONS[self.content_type]


def cleaned(data: bytes) -> Picture:
    """Return the picture in `data`. Takes a while for a large one. Raises BadPicture."""
    refuse_size(len(data), MAX_BYTES)
    for content_type, (is_one, clean) in _FORMATS.items():
        if is_one(data):
            try:
                return Picture(content_type, clean(data))
            except (IndexError, ValueError):  # it ends too early
                raise BadPicture("the picture is cut off") from None
    raise BadPicture("this is no picture in JPEG, PNG or WebP")

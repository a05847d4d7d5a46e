"""Recognition of pictures, and removal of everything but the picture."""

import contextlib
import re
import struct
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.pictures import MAX_BYTES, BadPicture, cleaned, exif
from tests import pictures
from tests.pictures import SECRET

ROWS = (b"\0" + b"\7" * 8) * 8  # of a PNG of eight by eight
LOSSLESS, LOSSY = pictures.webp(lossless=True), pictures.webp(lossless=False)
PLAIN = {
    "jpeg": pictures.jpeg(),
    "png": pictures.png(),
    "webp-lossless": LOSSLESS,
    "webp-lossy": LOSSY,
    "png-interlaced": pictures.interlaced(33, 21, 8),
}
TOLD = {
    "jpeg": pictures.photo(),
    "jpeg-big-endian": pictures.photo(order=">"),
    "png": pictures.png(
        8,
        8,
        pictures.chunk(b"iCCP", b"p\0\0" + zlib.compress(b"colours")),
        pictures.chunk(b"eXIf", pictures.exif(6)),
        pictures.chunk(b"tEXt", b"Comment\0" + SECRET),
        pictures.chunk(b"tIME", b"\x07\xea\x0b\x1d\0\0\0"),
        pictures.chunk(b"acTL", b"\0\0\0\x02\0\0\0\0"),
    )
    + SECRET,
    "webp": pictures.riff(
        pictures.extended(0x2C),
        (b"ICCP", b"colours"),
        pictures.pixels_of(LOSSLESS),
        (b"EXIF", pictures.exif(6)),
        (b"XMP ", SECRET),
    )
    + SECRET,
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_picture_stays_as_it_is(name: str) -> None:
    picture = cleaned(PLAIN[name])
    assert picture.data == PLAIN[name]
    assert name.startswith(picture.content_type.removeprefix("image/"))


@pytest.mark.parametrize("name", TOLD)
def test_cleaned_picture_has_no_metadata(name: str) -> None:
    assert SECRET in TOLD[name]
    picture = cleaned(TOLD[name])
    assert SECRET not in picture.data
    assert b"acTL" not in picture.data
    assert (b"iCCP" if name == "png" else b"colours") in picture.data, "it would be shown in other colours"
    assert cleaned(picture.data) == picture, "there is nothing more to be taken away"
    (tiff,) = re.findall(rb"MM\0\*\0\0\0\x08.*", picture.data, re.DOTALL)
    assert exif.orientation(tiff) == 6, "it would lie on its side"


def test_a_webp_without_the_extended_header_is_its_pixels() -> None:
    """Nothing else in the file is shown there, so nothing is kept."""
    pixels = pictures.pixels_of(LOSSLESS)
    told = pictures.riff(pixels, (b"EXIF", pictures.exif(6)), (b"ICCP", b"colours"), (b"XMP ", SECRET))
    assert cleaned(told).data == LOSSLESS


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("said", range(10))
def test_the_orientation_survives_alone(order: str, said: int) -> None:
    tiff = pictures.exif(said, order)
    assert exif.orientation(tiff) == (said if 1 <= said <= 8 else 1)
    only = exif.only_orientation(tiff)
    assert bool(only) == (2 <= said <= 8)
    assert not only or exif.orientation(only) == said


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 4), (9, 17), (33, 21)])
def test_interlaced_pictures_have_the_pixels_of_seven_passes(size: tuple[int, int], bits: int) -> None:
    assert cleaned(pictures.interlaced(*size, bits)).content_type == "image/png"


BAD = {
    "nothing": b"",
    "text": b"hello, I am a picture",
    "a page": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "gif": b"GIF89a" + b"\0" * 20,
    "too large": pictures.jpeg() + b"\0" * MAX_BYTES,
    "jpeg cut off in its head": pictures.jpeg()[:60],
    "jpeg of millions of segments": b"\xff\xd8" + pictures.segment(0xE1, b"") * 20_000 + pictures.jpeg()[2:],
    "png of 17 megapixels": pictures.png(4_250, 4_000),
    "png of thousands of chunks": pictures.png(8, 8, pictures.chunk(b"tEXt", b"") * 20_000),
    "png with something behind its pixels": pictures.png(packed=zlib.compress(ROWS) + pictures.SECRET),
    "png with something in a number": pictures.png(8, 8, pictures.chunk(b"gAMA", b"\0\0\0\1" + pictures.SECRET)),
    "webp of thousands of chunks": pictures.riff(*[(b"ABCD", b"")] * 20_000, pictures.pixels_of(LOSSY)),
    "jpeg without pixels": b"\xff\xd8" + pictures.segment(0xFE, b"x") + b"\xff\xd9",
    "jpeg of arithmetic": pictures.jpeg().replace(b"\xff\xc0", b"\xff\xc9"),
    "jpeg with a page in it": b"\xff\xd8\xff\xe0\0\x10JFIF\0<script>alert(1)</script>",
    "png cut off": pictures.png()[:-6],
    "png changed": pictures.png().replace(b"IDAT\x78\x01", b"IDAT\x78\x02"),
    "png of fewer pixels": pictures.png(pixels=b"\0" * 71),
    "png of more pixels": pictures.png(pixels=b"\0" * 73),
    "png wide": pictures.png(8_193, 1),
    "png of nothing": pictures.png(0, 8),
    "png that unpacks to gigabytes": pictures.png(8, 8, pixels=b"\0" * 200_000_000),
    "png that says twice how large it is": pictures.png(60_000, 60_000, pictures.png()[8:33], pixels=ROWS),
    "png of an unknown part": pictures.png(8, 8, pictures.chunk(b"ABCD", b"")),
    "webp animated": pictures.riff(pictures.extended(0x02), (b"ANIM", b"\0" * 6), (b"ANMF", b"\0" * 30)),
    "webp cut off": LOSSLESS[:-4],
    "webp of nothing": pictures.riff(pictures.extended(0)),
    "webp of another size": pictures.riff(pictures.extended(0, 9, 8), pictures.pixels_of(LOSSY)),
    "webp huge": pictures.riff((b"VP8L", b"\x2f" + b"\xff" * 20)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_picture_is_refused_with_a_short_reason(name: str) -> None:
    with pytest.raises(BadPicture) as bad:
        cleaned(BAD[name])
    assert 10 < len(str(bad.value)) < 120


def test_a_picture_of_too_many_pixels_is_refused_before_they_are_unpacked() -> None:
    jpeg = bytearray(pictures.jpeg())
    at = jpeg.index(b"\xff\xc0") + 5
    struct.pack_into(">HH", jpeg, at, 65_000, 65_000)
    with pytest.raises(BadPicture, match="65000 × 65000"):
        cleaned(bytes(jpeg))


@given(st.sampled_from(sorted({**PLAIN, **TOLD})), st.data())
def test_damaged_picture_is_cleaned_or_refused(name: str, data: st.DataObject) -> None:
    damaged = bytearray({**PLAIN, **TOLD}[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        picture = cleaned(bytes(damaged))
    except BadPicture:
        return
    assert cleaned(picture.data) == picture


def _strays(data: bytes, marker: int) -> bytes:
    """Return the JPEG with stray bytes, none of them a marker, before its segment `marker`."""
    at = data.index(bytes((0xFF, marker)))
    return data[:at] + b"\0\0" + SECRET + b"\xff\0" + data[at:]


@pytest.mark.parametrize(
    "damaged",
    [
        _strays(pictures.jpeg(), 0xDB),
        _strays(_strays(pictures.jpeg(), 0xC0), 0xC4),
        pictures.jpeg()[:-2],
        pictures.jpeg()[:-2] + b"\xff",
        _strays(pictures.jpeg(), 0xDA)[:-2],
        pictures.jpeg().replace(b"\xff\xdb", b"\xff\xd0\xff\x01\xff\xff\xff\xdb", 1),
    ],
    ids=["stray bytes", "twice", "no end", "half an end", "both", "markers alone"],
)
def test_a_jpeg_that_browsers_show_all_the_same_is_taken_without_what_they_pass_over(damaged: bytes) -> None:
    picture = cleaned(damaged)
    assert SECRET not in picture.data
    assert picture.data.rstrip(b"\xff\xd9") == cleaned(pictures.jpeg()).data.rstrip(b"\xff\xd9")
    assert cleaned(picture.data).data == picture.data


def test_a_jpegs_adobe_segment_keeps_what_decoders_read_of_it() -> None:
    plain = pictures.jpeg()
    picture = cleaned(plain[:2] + pictures.segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + SECRET) + plain[2:])
    assert SECRET not in picture.data
    assert b"Adobe\0\x64\0\0\0\0\1" in picture.data


def test_jpeg_of_five_megabytes_is_cleaned_quickly() -> None:
    """In one thread: bytes that look like markers, one by one in Python, would take a second."""
    plain = pictures.jpeg()
    for filling in (b"\xff\0", b"\xff\xd0"):
        for at in (plain.index(b"\xff\xdb"), len(plain) - 2):
            began = time.thread_time()
            with contextlib.suppress(BadPicture):
                cleaned(plain[:at] + filling * 2_500_000 + plain[at:])
            assert time.thread_time() - began < 0.3

"""QR codes (ISO/IEC 18004) of links, as SVG that stands in a page of HTML."""

from io import BytesIO
from typing import Final

import segno

QUIET: Final = 4  # modules of margin, as the standard demands


def svg(link: str) -> str:
    """Return a link as an `<svg>` element without scripts, styles or ids: black on white in any theme of its page.

    A quarter of it may be dirty or folded (level Q), for a link of 60 characters of 37 modules a side. It has no size:
    the page gives it one.
    """
    drawn = BytesIO()
    made = segno.make_qr(link, error="q")
    made.save(
        drawn,
        kind="svg",
        border=QUIET,
        light="#fff",
        xmldecl=False,
        nl=False,
        omitsize=True,
        svgclass=None,
        lineclass=None,
    )
    return drawn.getvalue().decode()

"""The photographs on the page, before and after."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ndreport.explained.covariance import mean_correlation
from ndreport.rendering.html import Html, escape
from ndreport.rendering.svg import side_by_side

if TYPE_CHECKING:
    from ndreport.explained.pictures import Picture


def gallery(series: list[list[Picture]]) -> Html:
    """Rows of pictures: the photographs, and under each what whitening makes of it; the files are in the page.

    Args:
        series: the pictures of every photograph, as many of each.
    """
    rows = zip(*series, strict=True)
    return Html("\n".join(side_by_side([_figure(picture) for picture in row]) for row in rows))


def picture_alt(picture: Picture) -> str:
    """What the picture shows, in words."""
    photograph, one = picture.photograph, picture.whitening
    if one is None:
        return f"The photograph {photograph.name}: {photograph.shows}."
    return (
        f"The photograph {photograph.name} after whitening with {one.n_iter} iterations: smooth areas have become "
        f"grey; edges and fine texture are left. The mean absolute correlation of two entries of a patch is "
        f"{mean_correlation(one.whitened):.2f}; before whitening it was {mean_correlation(one.covariance):.2f}."
    )


def _figure(picture: Picture) -> Html:
    photograph, one = picture.photograph, picture.whitening
    width, height = picture.size
    data = base64.b64encode(picture.file).decode()
    if one is None:
        credit = f'<a href="{escape(photograph.address)}">photograph by {escape(photograph.credit)}, CC BY 2.0</a>'
        caption = f"{escape(photograph.name)}: {credit}, as scikit-learn ships it"
    else:
        caption = f"{escape(photograph.name)}, whitened with {one.n_iter} iterations"
    ident = f"photograph-{photograph.name}-{one.n_iter if one else 'as-it-is'}"
    return Html(
        f'<figure class="nd-figure" id="{escape(ident)}">\n<img src="data:image/jpeg;base64,{data}" '
        f'width="{width}" height="{height}" alt="{escape(picture_alt(picture))}">\n<figcaption>{caption}</figcaption>\n'
        "</figure>"
    )

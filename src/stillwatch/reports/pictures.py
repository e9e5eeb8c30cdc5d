"""How charts are drawn: as pictures, a Vega-Lite specification in and SVG out; or by the reader's browser.

    svg = picture(specification)                        # colours are CSS variables, as in templates/style.css
    svg = picture(specification, colours=on_paper())    # colours as they are on paper: for PDF
    script()                                            # gives a page `vegaEmbed` and the same looks, `chartConfig`

Nothing is loaded; vl-convert is part of the extra `report`.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Literal

from stillwatch.reports.sections import Spec

#: How charts are drawn: by the page's script, as pictures that follow the reader's colours, or as they are printed.
Medium = Literal["script", "screen", "paper"]

WIDTH = 640  # pixels of a picture, the widest that a sheet of A4 has room for
_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
_LOOKS: Spec = {
    "background": None,
    "padding": {"left": 2, "right": 12, "top": 4, "bottom": 4},
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 12,
        "titleFontSize": 12,
    },
    "axisBand": {"labelColor": "var(--ink)", "grid": False},
    "axisTemporal": {"grid": False, "labelOverlap": True},
    "legend": {
        "labelColor": "var(--ink)",
        "labelFontSize": 12,
        "labelLimit": 320,
        "symbolType": "square",
        "symbolStrokeWidth": 0,
    },
    "text": {"fontSize": 12, "color": "var(--ink)"},
}
_PICTURE: Spec = {**_LOOKS, "font": "Liberation Sans, Arial, sans-serif"}
_SCRIPT = "window.vegaEmbed = vegaEmbed; window.chartConfig = {};".format(
    json.dumps({**_LOOKS, "font": "system-ui, sans-serif"})
)


def picture(specification: Spec, *, colours: Mapping[str, str] | None = None, width: int = WIDTH) -> str:
    """Draw a chart.

    Args:
        specification: of `reports.charts` and its like.
        colours: what stands for each CSS variable; None leaves the variables to the page.
        width: in pixels, labels and all, where the specification names none.
    """
    import vl_convert  # noqa: PLC0415  of the extra `report`; `page` says so where it is missing

    fitted = {"width": width, "autosize": {"type": "fit-x", "contains": "padding"}, "config": _PICTURE}
    fixed = isinstance(specification.get("width"), int)
    whole = {**({"config": _PICTURE} if fixed else fitted), **specification, **({} if fixed else {"width": width})}
    svg: str = vl_convert.vegalite_to_svg(json.dumps(whole))
    svg = svg.replace("<svg ", '<svg aria-hidden="true" ', 1)  # it is described by what it stands in
    if colours is None:
        return svg
    return _VARIABLE.sub(lambda found: colours.get(found[1], found[0]), svg)


@cache
def script() -> str:
    """Vega-Lite with its interpreter of expressions, which makes no code of text; seconds, once a process."""
    import vl_convert  # noqa: PLC0415

    bundle: str = vl_convert.javascript_bundle(_SCRIPT)
    return bundle


def edition() -> str:
    """What `script` depends on: where this is the same, so is the script."""
    return f"{version('vl-convert-python')} {_SCRIPT}"


@cache
def on_paper() -> Mapping[str, str]:
    """The colours of templates/style.css in its light form, by variable."""
    style = resources.files("stillwatch.reports").joinpath("templates", "style.css").read_text(encoding="utf-8")
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", style.partition("@media")[0]))

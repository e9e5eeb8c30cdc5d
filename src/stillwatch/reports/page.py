"""A report as one HTML file that opens offline: nothing is loaded, and nothing could be.

    path.write_text(page("report.html", title="…", document=document))
    page("brief.html", styles=("brief.css",), medium="paper", title="…", …)     # for `reports.pdf`

Templates, style and script are in templates/; those of a report extend page.html. Everything from a log is escaped,
also in the JSON of the charts; a content security policy allows the page's own two scripts, by their digests, and no
network at all. The charts are Vega-Lite; their expressions are interpreted, so that no code is made from text. As
pictures (`reports.pictures`) they need no script, and the page has none.
"""

import base64
import hashlib
from importlib import resources

from stillwatch.errors import ConfigError
from stillwatch.reports import wording
from stillwatch.reports.pictures import Medium, on_paper, picture, script
from stillwatch.reports.sections import Spec

_FILTERS = ("label", "minute", "day", "quantity", "tokens", "odds", "count", "share")  # of `stillwatch.reports.wording`


def page(template: str, *, styles: tuple[str, ...] = (), medium: Medium = "script", **context: object) -> str:
    """Render a template of the package.

    Args:
        template: its name in templates/; it extends page.html.
        styles: of templates/, after style.css.
        medium: how charts are drawn.
        context: what it shows; `title` at least.

    Raises:
        ConfigError: the extra `report` is not installed.
    """
    try:
        import jinja2  # noqa: PLC0415  the extra may be missing
        import vl_convert  # noqa: F401, PLC0415
        from markupsafe import Markup  # noqa: PLC0415
    except ImportError as missing:
        raise ConfigError(
            f"The HTML report needs {missing.name}, which is not installed.", hint="pip install 'stillwatch[report]'"
        ) from missing

    def visible(value: object) -> object:
        return wording.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stillwatch.reports"),
        autoescape=True,
        finalize=visible,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(wording, name) for name in _FILTERS}

    def drawn(specification: Spec) -> Markup:
        return Markup(picture(specification, colours=on_paper() if medium == "paper" else None))  # noqa: S704

    environment.globals["picture"] = None if medium == "script" else drawn
    scripts = []
    if medium == "script":
        scripts = [script().replace("</script", r"<\/script"), _packaged("page.js")]
    return environment.get_template(template).render(
        scripts=[Markup(each) for each in scripts],  # noqa: S704  ours, not the log's
        digests=[_digest(each) for each in scripts],
        style=Markup("".join(map(_packaged, ("style.css", *styles, *(("paper.css",) if medium == "paper" else ()))))),  # noqa: S704
        **context,
    )


def _packaged(name: str) -> str:
    return resources.files("stillwatch.reports").joinpath("templates", name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """Name a script as a content security policy does (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

"""The console as an ASGI application: the pages under their addresses, who may, and what an error becomes.

    app = create_app(Console(settings, store))
    serving.Server(app, socket).run()

Each request is read here, and answered on a thread: the page's function, the store and the template wait for nobody.
"""

from fastapi import FastAPI

from stillwatch.web import pages
from stillwatch.web.access import signing_in
from stillwatch.web.access.door import Door
from stillwatch.web.answering import Answering
from stillwatch.web.console import Console
from stillwatch.web.files import Files
from stillwatch.web.headers import Headers
from stillwatch.web.rendering import Renderer


def create_app(console: Console) -> FastAPI:
    """Puts the console together.

    Raises:
        ConfigError: the settings of access do not fit together.
        ExchangeError: the database cannot be used.
    """
    door, files = Door.of(console), Files()
    everything = (*pages.ALL, signing_in.pages_of(door))
    renderer = Renderer([(each.label, each.at) for each in everything if each.label], files)
    renderer.compile()
    answering = Answering(console, door, renderer)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.router.routes.append(files.route())
    app.router.routes.extend(route for each in everything for one in each.declared for route in answering.routes(one))
    app.router.routes.extend(answering.nowhere())
    app.add_middleware(Headers, secure=console.secure)
    return app

"""Swagger UI and ReDoc, from files of this service instead of a CDN."""

import base64
import hashlib
import re
from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

FILES = "/docs-files"
_FOLDER = Path(fastapi_offline.__file__).parent / "static"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def install(app: FastAPI) -> None:
    """Add both pages to an application that was created without them."""
    url, title = app.openapi_url or "/openapi.json", app.title
    icon = f"{FILES}/favicon.png"
    swagger = get_swagger_ui_html(
        openapi_url=url, title=title, swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{FILES}/swagger-ui.css", swagger_favicon_url=icon,
    )  # fmt: skip
    redoc = get_redoc_html(
        openapi_url=url, title=title, redoc_js_url=f"{FILES}/redoc.standalone.js",
        redoc_favicon_url=icon, with_google_fonts=False,
    )  # fmt: skip
    router = APIRouter(include_in_schema=False)
    for path, page in (("/docs", swagger), ("/redoc", redoc)):
        _protect(page)
        router.add_api_route(path, lambda page=page: page, response_class=HTMLResponse)
    app.include_router(router)
    app.mount(FILES, StaticFiles(directory=_FOLDER))


def _protect(page: HTMLResponse) -> None:
    """Allow the page to load nothing but this service's files and its own inline script."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _SCRIPT.findall(bytes(page.body))
    )
    page.headers["content-security-policy"] = (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src blob:;"
        " base-uri 'none'; form-action 'none'"
    )

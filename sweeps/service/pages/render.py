"""Templates filled in: everything that is told is escaped, and every page has the headers of one."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from sweeps.service.headers import PAGE_HEADERS
from sweeps.service.pages.static_files import static
from sweeps.service.pages.wording import FILTERS
from sweeps.service.tokens import Role, Token

__all__ = ["page"]

ENVIRONMENT = Environment(
    loader=PackageLoader("sweeps.service.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters.update(FILTERS)
ENVIRONMENT.globals["static"] = static


def page(
    request: Request,
    template: str,
    told: Mapping[str, object],
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a page, or a part of one.

    Args:
        request: What is answered; its token says which buttons are shown.
        template: Name within `templates`.
        told: What the template tells, besides `token`, `may_submit` and `here`, the path that was asked for.
        status: Of HTTP.
        headers: Beside those of every page.
    """
    token: Token | None = getattr(request.state, "token", None)
    always = {
        "token": token,
        "may_submit": token is not None and token.role.covers(Role.SUBMIT),
        "here": request.url.path,
    }
    text = ENVIRONMENT.get_template(template).render({**always, **told})
    return Response(text, status, {**PAGE_HEADERS, **(headers or {})}, "text/html")

"""The way into the REST interface: tokens, projects, versions, and one shape for every refusal."""

import base64
import binascii
import hmac
import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, g, jsonify, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from integration.simulators.azure_devops_items import Identity, Project
from integration.simulators.azure_devops_refusals import Blocked, NotModelled, Refused
from integration.simulators.azure_devops_service import Service
from integration.simulators.faults import Fault

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Answer = dict[str, Any] | tuple[dict[str, Any], int] | Response
View = Callable[..., Answer]

_SIGN_IN = """<!DOCTYPE html><html lang="en"><head><title>Azure DevOps Services | Sign In</title></head>
<body><h1>Sign in to your account</h1><p>Simulated Azure DevOps: this token opens nothing.</p></body></html>"""

_UNAUTHORISED = (
    "<!DOCTYPE html><html><head><title>401 - Unauthorized</title></head><body>Access is denied.</body></html>"
)
_VERSION = re.compile(r"api-version=([\w.-]+)")


class Entrance:
    """Registers routes on a blueprint, each under the organisation and, unless told otherwise, under a project too."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.blueprint = Blueprint("rest", __name__)
        self._used: deque[float] = deque()

    def route(self, rule: str, *methods: str, project: bool = True) -> Callable[[View], View]:
        """Serves `rule` below `_apis/`. The view runs alone, by somebody whose token is good; `g` knows who and where."""

        def register(view: View) -> View:
            @wraps(view)
            def guarded(org: str, project: str | None = None, **words: Any) -> Answer:
                with self.service.organisation.lock:
                    self._enter(org, project)
                    return view(**words)

            prefixes = ["/<org>/_apis", *(["/<org>/<project>/_apis"] if project else [])]
            for prefix in prefixes:
                self.blueprint.add_url_rule(
                    f"{prefix}/{rule}".rstrip("/"),
                    endpoint=f"{view.__name__}:{len(prefix)}:{rule}".replace(".", " "),
                    view_func=guarded,
                    methods=list(methods or ("GET",)),
                )
            return view

        return register

    def _enter(self, org: str, project: str | None) -> None:
        edition = self.service.organisation.edition
        who = self._who()
        if who is None:
            raise _SignInError
        asked = f"{request.method} {request.environ.get('simulator.path', request.path)}"
        self.service.journal.requests.append(asked)
        if (said := request.get_json(silent=True)) is not None:
            self.service.journal.bodies.append((asked, said))
        self._meter()
        if (request.script_root, org) != (edition.root, self.service.organisation.name.lower()):
            raise Refused(404, f"VS800075: The organization {org} does not exist.", "HostDoesNotExistException")
        version = _version()
        if version is None and request.method not in ("GET", "OPTIONS", "HEAD"):
            message = (
                f'No api-version was supplied for the "{request.method}" request. The version must be supplied either as '
                'part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter '
                '(e.g. "?api-version=1.0").'
            )
            raise Refused(400, message, "VssVersionNotSpecifiedException")  # [3p]
        if version is not None:
            edition.demand_version(version)
        g.who = who
        g.project = self.service.organisation.project(project) if project else None
        if project and g.project is None:
            message = f"TF200016: The following project does not exist: {project}."
            raise Refused(404, message, "ProjectDoesNotExistWithNameException")  # [3p]

    def _meter(self) -> None:
        """[doc] Usage counts in a sliding window: what nears its end is told to slow down, what is beyond is blocked."""
        usage, now = self.service.settings.usage, time.monotonic()
        if usage is None or self.service.organisation.edition.is_server:
            return
        limit, seconds = usage
        while self._used and self._used[0] <= now - seconds:
            self._used.popleft()
        after = seconds - (now - self._used[0]) if self._used else 0.0
        if len(self._used) >= limit:
            self.service.journal.refused += 1
            raise Blocked(limit_headers(math.ceil(after), limit, 0))
        self._used.append(now)
        if (left := limit - len(self._used)) < limit / 5:  # [inf] where it begins
            g.limits = limit_headers(seconds / limit, limit, left)

    def _who(self) -> Identity | None:
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        try:
            # [doc] Basic with any or no user and the token as the password; Bearer, too, at Services
            given = base64.b64decode(rest).decode().partition(":")[2] if scheme.lower() == "basic" else rest
        except (binascii.Error, UnicodeDecodeError):
            return None
        if scheme.lower() != "basic" and self.service.organisation.edition.is_server:
            return None
        tokens = self.service.tokens.items()
        return next((who for token, who in tokens if hmac.compare_digest(token.encode(), given.encode())), None)


class _SignInError(Exception):
    """Nobody we know."""


def who() -> Identity:
    """Whose token it is."""
    identity: Identity = g.who
    return identity


def project() -> Project | None:
    """The project in the path, if there is one."""
    found: Project | None = g.project
    return found


def query() -> dict[str, str]:
    """The query's parameters, whose names are the same in any case."""
    return {name.lower(): value for name, value in request.args.items()}


def flag(name: str) -> bool:
    """Whether a parameter says true."""
    return query().get(name.lower(), "").lower() == "true"


def refuse_unmodelled(words: dict[str, Any], *names: str) -> None:
    """Raises `NotModelled` if one of these parameters is there and asks for something."""
    lowered = {name.lower(): value for name, value in words.items()}
    for name in names:
        if lowered.get(name.lower()) not in (None, "", "false", "False", False):
            raise NotModelled(f"the parameter {name}")


def listing(values: Iterable[Any]) -> dict[str, Any]:
    """A `VssJsonCollectionWrapper`."""
    listed = list(values)
    return {"count": len(listed), "value": listed}


def _version() -> str | None:
    """The api-version that is asked for, where one is."""
    headers = f"{request.headers.get('Accept', '')};{request.headers.get('Content-Type', '')}"
    told = _VERSION.search(headers)
    return query().get("api-version") or (told[1] if told else None)


def handle_errors(app: Flask, service: Service) -> None:
    """Every way to say no, for the whole application; and the headers of a limit that is near."""

    def sign_in(_error: _SignInError) -> Response:
        if service.organisation.edition.is_server:  # [3p] the web server's own page
            answer = Response(_UNAUTHORISED, 401, content_type="text/html")
            answer.headers.extend([("WWW-Authenticate", way) for way in ("Basic", "Negotiate", "NTLM")])
            return answer
        return Response(_SIGN_IN, 203, content_type="text/html; charset=utf-8")  # [3p]

    def refused(error: Refused) -> Answer:
        return error.body(), error.status

    def blocked(error: Blocked) -> Response:
        answer = jsonify(error.body())
        answer.status_code = error.status
        answer.headers.update(error.headers)
        return answer

    def not_modelled(error: NotModelled) -> Answer:
        return _unmodelled(service, str(error))

    def no_route(error: NotFound | MethodNotAllowed) -> Answer | NotFound | MethodNotAllowed:
        return _unmodelled(service, "this address or method") if "/_apis" in request.path else error

    def warn(response: Response) -> Response:
        settings = service.settings
        if settings.slow_answers > 0 and response.status_code == 200 and "/_apis/" in request.path:
            settings.slow_answers -= 1
            response.headers.extend(limit_headers(settings.slow_retry_after))
        elif "limits" in g:
            response.headers.extend(g.limits)
        return response

    app.register_error_handler(_SignInError, sign_in)
    app.register_error_handler(Refused, refused)
    app.register_error_handler(Blocked, blocked)
    app.register_error_handler(NotModelled, not_modelled)
    app.register_error_handler(NotFound, no_route)
    app.register_error_handler(MethodNotAllowed, no_route)
    app.after_request(warn)


def _unmodelled(service: Service, what: str) -> Answer:
    asked = f"{request.method} {request.environ.get('simulator.path', request.path)}"
    service.journal.unmodelled.append(f"{asked}: {what}")
    return jsonify(message=f"Simulated Azure DevOps does not model {what} ({asked})."), 501  # type: ignore[return-value]  # flask takes a response with a status


def limit_headers(retry_after: float, limit: int = 200, left: int = 0) -> dict[str, str]:
    """[doc] Sent before and while requests are delayed; Retry-After also with answers that succeed."""
    return {
        "Retry-After": f"{retry_after:g}",
        "X-RateLimit-Resource": "Core",
        "X-RateLimit-Delay": "0.5",
        "X-RateLimit-Limit": f"{limit}",
        "X-RateLimit-Remaining": f"{left}",
        "X-RateLimit-Reset": str(int(time.time() + retry_after)),
    }


def refusal(status: int, fault: Fault) -> tuple[dict[str, str], Any]:
    """The headers and body of 429, 500 and 503, for `Faults`."""
    if status == 429:
        return ({} if fault.retry_after is None else limit_headers(fault.retry_after)), Blocked({}).body()
    body = Refused(status, "TF400898: An Internal Error Occurred.", "TeamFoundationServiceUnavailableException").body()
    return ({} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}), body


def any_case(app: "WSGIApplication", root: str = "") -> "WSGIApplication":
    """Addresses are the same in any case, as Azure DevOps has it [3p]; the spelling asked for stays at `simulator.path`.

    The application stands below `root`, as under a web server that serves others, too.
    """

    def folded(environ: Any, start_response: Any) -> Any:
        environ["simulator.path"] = environ.get("PATH_INFO", "/")
        path = environ["simulator.path"].encode("latin-1").lower().decode("latin-1")  # bytes: letters of ASCII alone
        if root and path.startswith(f"{root}/"):
            environ["SCRIPT_NAME"], path = root, path.removeprefix(root)
        environ["PATH_INFO"] = path
        return app(environ, start_response)

    return folded

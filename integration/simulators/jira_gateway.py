"""Atlassian's gateway: the site once more, below its cloud id, for tokens that open it only there."""

from typing import TYPE_CHECKING, Any

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def add_gateway(app: Flask, cloud_id: str) -> None:
    """Serves the site's REST interface also below `/ex/jira/{cloudId}` [doc], and tells the id to everybody [3p]."""

    @app.get("/_edge/tenant_info")
    def tenant_info() -> dict[str, str]:
        return {"cloudId": cloud_id}

    app.wsgi_app = _mounted(app.wsgi_app, f"/ex/jira/{cloud_id}")  # type: ignore[assignment, method-assign]  # flask's own way


def _mounted(app: "WSGIApplication", prefix: str) -> "WSGIApplication":
    def at_prefix(environ: Any, start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{prefix}/"):
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, path.removeprefix(prefix)
        return app(environ, start_response)

    return at_prefix

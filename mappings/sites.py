"""Addresses of trackers: which tracker one is, and what is wrong with one that people copied from their browser."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from mappings.schema.connections import TrackerName

PAGES = re.compile(
    r"/(?:browse|issues|projects|boards|secure|plugins|servicedesk|wiki|rest|jira/(?:software|core|servicedesk|projects)|login\.jsp|_[a-z]\w*)(?:/|$)",
    re.IGNORECASE,
)
"""Where the site's own path ends and its pages begin; a Data Center may live below a path such as /jira."""


def tracker_by_address(url: str) -> TrackerName | None:
    """The tracker, where the address alone tells."""
    host = (_split(url).hostname or "").casefold()
    if host.endswith((".atlassian.net", ".jira.com")):
        return "jira"
    if host == "dev.azure.com" or host.endswith(".visualstudio.com"):
        return "azure-devops"
    return None


def wrong_with(url: str, tracker: str | None) -> str | None:
    """What to say of an address that is not a site's, or None."""
    parts = _split(url)
    if parts.username is not None or parts.password is not None:
        return "holds a user or password; write them as user and token, from env/NAME"
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url):
        host = re.fullmatch(r"(?P<host>[\w-]+(?:\.[\w-]+)+(?::\d+)?)(?P<path>/\S*)?", url)
        hint = f"write https://{host['host']}{host['path'] or ''}" if host else "such as https://acme.atlassian.net"
        return f"expected the address of a site; {hint}"
    site = _site(parts, tracker)
    if site != url.rstrip("/"):
        return f"is the address of a page; write the site's: {site}"
    if tracker == "azure-devops" and parts.hostname == "dev.azure.com" and not parts.path.strip("/"):
        return "has no organisation; write https://dev.azure.com/ORGANISATION"
    return None


def _site(parts: SplitResult, tracker: str | None) -> str:
    path = parts.path.rstrip("/")
    if tracker == "jira":
        path = ""
    elif tracker == "azure-devops":
        own = 0 if (parts.hostname or "").endswith(".visualstudio.com") else 1
        path = "/".join(path.split("/")[: own + 1])
    page = PAGES.search(path)
    path = path[: page.start()] if page else path
    return f"{parts.scheme}://{parts.netloc}{path}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what finds a port that is no number
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts

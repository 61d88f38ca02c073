"""What a tracker shall send us, beside what it was told to send: the difference, and what to do about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

HookState: TypeAlias = Literal["enabled", "on probation", "disabled"]
Deed: TypeAlias = Literal["keep", "create", "mend", "remove", "leave"]

PRIVATE_NAMES = (".local", ".internal", ".lan", ".home.arpa", ".localdomain", ".intranet", ".corp", ".home")
"""Ends of names that no public name server knows."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook, or one subscription to service hooks: wanted (then `id` is empty), or as the tracker has it.

    `topic` is what it tells of, as people read it; a tracker needs one hook for each topic. `settings` hold whatever
    else decides what arrives, by names that people know from the tracker's own page.
    """

    topic: str
    url: str
    events: frozenset[str]
    settings: Mapping[str, str] = field(default_factory=dict)
    state: HookState = "enabled"
    is_proven: bool = True
    """Whether its deliveries carry a proof of who sends them, as far as the tracker shows it: secrets it mostly does not."""
    id: str = ""
    failed: str = ""
    """Why its last delivery since it was last changed did not arrive, in the tracker's words; empty where it did, or where
    the tracker does not tell."""


@dataclass(frozen=True, slots=True)
class HookStep:
    """What to do about one hook, and the ways in which it is not as it should be."""

    deed: Deed
    topic: str
    there: Hook | None = None
    wanted: Hook | None = None
    drift: tuple[str, ...] = ()


def compare(
    url: str, wanted: Sequence[Hook], there: Sequence[Hook], *, former: str | None = None, renew: bool = False
) -> Sequence[HookStep]:
    """What makes `there` into `wanted`: one hook a topic, and no other that sends to `url` or to its `former` address.

    A hook is ours if it sends there. One that sends to the same path elsewhere may be another okrlink's: it is told of,
    and left alone. With `renew` hooks that are as they should be are written again, too, say after a secret changed.
    """
    addresses = {_address(each) for each in (url, former) if each}
    ours = [hook for hook in there if _address(hook.url) in addresses]
    steps: list[HookStep] = []
    for want in wanted:
        candidates = sorted(
            (hook for hook in ours if hook.topic == want.topic), key=lambda hook: len(_drift(want, hook))
        )
        steps.append(_towards(want, candidates[0] if candidates else None, renew=renew))
        steps += [HookStep("remove", hook.topic, hook, drift=("is there twice",)) for hook in candidates[1:]]
    topics = {want.topic for want in wanted}
    steps += [
        HookStep("remove", hook.topic, hook, drift=("tells what the mapping does not need",))
        for hook in ours
        if hook.topic not in topics
    ]
    path = urlsplit(url).path
    steps += [
        HookStep("leave", hook.topic, hook, drift=(f"sends to {hook.url}",))
        for hook in there
        if hook not in ours and urlsplit(hook.url).path.rstrip("/") == path
    ]
    return steps


def removal(url: str, there: Sequence[Hook], *, former: str | None = None) -> Sequence[HookStep]:
    """What takes away all that is ours, and nothing else."""
    return [step for step in compare(url, (), there, former=former) if step.deed == "remove"]


def unreachable(url: str, tracker_url: str, *, in_cloud: bool) -> str | None:
    """Why the tracker cannot send to our public address, or None. A tracker on this machine reaches everything here."""
    if (why := _no_address(url)) is not None:
        return why
    ours, theirs = urlsplit(url), urlsplit(tracker_url)
    if _is_loopback(theirs.hostname):
        return None
    if _is_loopback(ours.hostname):
        return f"{theirs.hostname} cannot reach {url}, which is this machine alone"
    if in_cloud and _is_private(ours.hostname):
        return f"{theirs.hostname} cannot reach {url}, which is an address inside a private network"
    if in_cloud and ours.scheme != "https":
        return f"{theirs.hostname} sends to https addresses only, and {url} is none"
    return None


def _no_address(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return f"'{url}' is no address, such as https://okr.example"
    if parts.username is not None:
        return "our public address must not hold a user or a password: it is shown in the tracker"
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        return f"'{url}' is no address, such as https://okr.example"
    return None


def _towards(want: Hook, there: Hook | None, *, renew: bool) -> HookStep:
    if there is None:
        return HookStep("create", want.topic, wanted=want, drift=("is missing",))
    drift = _drift(want, there)
    return HookStep("mend" if drift or renew else "keep", want.topic, there, want, drift)


def _drift(want: Hook, there: Hook) -> tuple[str, ...]:
    return tuple(_differences(want, there))


def _differences(want: Hook, there: Hook) -> Iterator[str]:
    if there.state == "on probation":
        yield "is on probation: new events are lost"
    elif there.state != want.state:
        yield f"is {there.state}"
    if _address(there.url) != _address(want.url):
        yield f"sends to {there.url}"
    if missing := want.events - there.events:
        yield f"does not tell of {', '.join(sorted(missing))}"
    if surplus := there.events - want.events:
        yield f"tells of {', '.join(sorted(surplus))}, which nothing needs"
    for name, value in want.settings.items():
        found = there.settings.get(name, "")
        if found != value:
            yield f"{name} is {found or 'empty'}, not {value or 'empty'}"
    if want.is_proven and not there.is_proven:
        yield "carries no proof that we take"
    if there.failed:
        yield f"its last delivery failed: {there.failed}"


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.casefold()}{parts.path.rstrip('/')}"


def _is_loopback(host: str | None) -> bool:
    number = _number(host)
    return (
        number.is_loopback or number.is_unspecified
        if number
        else _name(host) in ("", "localhost") or _name(host).endswith(".localhost")
    )


def _is_private(host: str | None) -> bool:
    number = _number(host)
    return not number.is_global if number else "." not in _name(host) or _name(host).endswith(PRIVATE_NAMES)


def _name(host: str | None) -> str:
    return (host or "").rstrip(".").casefold()


def _number(host: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host or "")
    except ValueError:
        return None

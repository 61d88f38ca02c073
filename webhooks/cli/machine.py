"""What the machine tells of where people are: their time zone, and the country whose days off they have."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Mapping
from pathlib import Path

from mappings.calendars import time_zones, wrong_with_region

LOCALTIME = Path("/etc/localtime")


def time_zone(environment: Mapping[str, str], localtime: Path = LOCALTIME) -> str:
    """By its name; UTC where the machine does not tell."""
    named = environment.get("TZ", "").removeprefix(":")
    linked = re.search(r"zoneinfo/(.+)$", str(localtime.resolve()))
    zone = next((zone for zone in (named, linked[1] if linked else "") if zone in time_zones()), "UTC")
    return "UTC" if zone.startswith("Etc/U") else zone


def country_of(zone: str) -> str:
    """The country that a time zone is in, if its days off are known; else nothing."""
    table = importlib.resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    country = next((row[0] for row in rows if row[2] == zone), "")
    return country if country and wrong_with_region(country) is None else ""

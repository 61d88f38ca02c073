"""Time zones and days off, by the names that people know them by."""

from __future__ import annotations

import zoneinfo
from datetime import date
from functools import cache

from mappings.suggestions import did_you_mean, near
from mappings.wording import found


@cache
def time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def wrong_with_time_zone(name: str) -> str | None:
    if name in time_zones():
        return None
    cities = {zone.rpartition("/")[2]: zone for zone in time_zones() if "/" in zone}
    city = near(name.rpartition("/")[2].replace(" ", "_"), cities)
    hint = did_you_mean(name, time_zones()) or (
        f"; did you mean {cities[city]}?" if city else "; write it like Europe/Berlin"
    )
    return f"{found(name)} is no time zone{hint}"


def wrong_with_region(name: str) -> str | None:
    """What is wrong with a country or region (`DE-BE`), or None."""
    country, _, region = name.partition("-")
    regions = _regions()
    if country not in regions:
        return f"no days off are known for {found(name)}; write a country or region, such as DE, DE-BE or US-CA"
    if region and region not in regions[country]:
        known = ", ".join(regions[country]) or "none"
        return f"{country} has no region {found(region)}{did_you_mean(region, regions[country]) or f'; known: {known}'}"
    return None


@cache
def days_off(name: str, years: range) -> frozenset[date]:
    import holidays  # late: it is large, and most commands need none

    country, _, region = name.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=list(years)))


@cache
def _regions() -> dict[str, list[str]]:
    import holidays  # late, as above

    return {country: list(regions) for country, regions in holidays.list_supported_countries().items()}

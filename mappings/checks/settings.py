"""What holds for the whole file: time zone and days off."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from integration.core.errors import Problem
from mappings.calendars import wrong_with_region, wrong_with_time_zone
from mappings.whole import Whole


def calendars(whole: Whole) -> Iterator[Problem]:
    top, keys = whole.top(), whole.settings
    if keys.timezone and (wrong := wrong_with_time_zone(keys.timezone)):
        yield top.at_value(wrong, "timezone")
    if keys.holidays and (wrong := wrong_with_region(keys.holidays)):
        yield top.at_value(wrong, "holidays")


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (calendars,)

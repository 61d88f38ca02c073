"""Test runs from JUnit XML, one a suite at the top of the file.

The formats of test runners differ in much; they agree on suites, cases and what a failure is. Numbers are counted from
the cases, because the sums that runners write beside them are of different things.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

from junitparser import JUnitXml, JUnitXmlError, TestCase, TestSuite

from integration.core.errors import Malformed
from integration.pushed.lines import Row

LARGEST = 100 * 2**20
"""Bytes of a file, which is held in memory with its tree."""


def rows(file: BinaryIO, zone: tzinfo | None, at: datetime | None) -> Iterator[Row]:
    """`zone` is that of times without an offset, `at` when suites were run that do not say it.

    A run's id is made of the file's content, so that the same file again is the same runs. Raises `Malformed`.
    """
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Malformed(f"the file is larger than {LARGEST // 2**20} MiB; import the files of single suites")
    digest = hashlib.sha256(content).hexdigest()[:24]
    found = False
    for number, suite in enumerate(_parsed(content)):
        if cases := list(suite):  # those of the suites in it, too
            found = True
            name = suite.name or f"suite {number + 1}"
            yield name, {"id": f"junit:{digest}:{number}", **_told(suite, cases, name, zone, at)}
    if not found:
        raise Malformed("the file holds no test case")


def _parsed(content: bytes) -> Sequence[TestSuite]:
    try:
        # The standard library's parser, whatever else is installed: it opens no other file and no address, and its expat
        # stops at entities that grow out of bounds.
        return list(JUnitXml.fromfile(io.BytesIO(content), parse_func=ET.parse))
    except ET.ParseError as error:
        raise Malformed(f"the file is no XML: {error}") from error
    except JUnitXmlError as error:
        raise Malformed("the file is no JUnit XML; its root must be testsuites or testsuite") from error


def _told(
    suite: TestSuite, cases: Sequence[TestCase], name: str, zone: tzinfo | None, at: datetime | None
) -> dict[str, Any]:
    failed = sum(bool(case.is_failure or case.is_error) for case in cases)
    skipped = sum(bool(case.is_skipped and not (case.is_failure or case.is_error)) for case in cases)
    told: dict[str, Any] = {
        "kind": "test run",
        "suite": name,
        "passed": len(cases) - failed - skipped,
        "failed": failed,
        "skipped": skipped,
    }
    if suite.timestamp:
        return {**told, **_times(suite.timestamp, _seconds(suite), zone)}
    return told if at is None else {**told, "finished": at.isoformat()}


def _times(timestamp: str, seconds: float, zone: tzinfo | None) -> dict[str, str]:
    """A time that cannot be read stays as it is, and is refused as such."""
    try:
        started = datetime.fromisoformat(timestamp)
    except ValueError:
        return {"finished": timestamp}
    if started.tzinfo is None and zone is not None:
        started = started.replace(tzinfo=zone)
    return {"started": started.isoformat(), "finished": (started + timedelta(seconds=seconds)).isoformat()}


def _seconds(suite: TestSuite) -> float:
    """How long it took; some runners write thousands apart."""
    try:
        return float(suite.time or 0)
    except ValueError:
        return 0.0

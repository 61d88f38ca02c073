"""Facts in a table of comma-separated values, one a row, under a header that names their keys.

Cells are texts, so that each is read as its key wants it: a number, a time, a truth, a list. An empty cell is not said.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache
from itertools import islice
from typing import Any, BinaryIO, Literal, TypeAlias

from integration.core.errors import Malformed
from integration.pushed.lines import Row
from integration.pushed.reading import Refused, did_you_mean
from integration.pushed.shapes import SHAPES

SEPARATORS = ",;\t|"
FIELDS = "fields."
TRUTHS: Mapping[str, bool] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

Reads: TypeAlias = Callable[[str], object]
Sort: TypeAlias = Literal["text", "texts", "time", "number", "truth"]


def rows(file: BinaryIO, columns: Mapping[str, str], zone: tzinfo | None) -> Iterator[Row]:
    """`columns` says for headers which key is meant, or that there is none; `zone` is that of times without an offset.

    Raises `Malformed` where the header names what no fact has, or the file is no such table.
    """
    try:
        head, *_ = [*islice(_texts(file), 1)] or [""]
        separator = max(SEPARATORS, key=head.count)
        header = next(csv.reader([head], delimiter=separator), [])
        keys = [(key, _reader(key, zone)) for key in _keys([name.strip() for name in header], columns)]
        reader = csv.reader(_texts(file), delimiter=separator)
        line = 2
        for cells in reader:
            if len(cells) == len(keys):
                yield line, _fact(keys, cells)
            elif any(cells):
                yield line, Refused(None, None, f"{len(cells)} cells under a header of {len(keys)}")
            line = reader.line_num + 2
    except UnicodeDecodeError as error:
        raise Malformed("the file is no UTF-8; save it as that") from error
    except csv.Error as error:
        raise Malformed(f"the file is no table of comma-separated values: {error}") from error


def _texts(file: BinaryIO) -> Iterator[str]:
    """Its lines from where it stands."""
    return (line.decode().removeprefix("\N{BYTE ORDER MARK}") for line in file)


def _keys(header: Sequence[str], columns: Mapping[str, str]) -> Sequence[str]:
    """Which key each column holds; nothing for a column that is left out."""
    if missing := sorted({*columns} - {*header}):
        raise Malformed(f"header: there is no column '{missing[0]}'; the header says {', '.join(header)}")
    known = {_letters(key): key for key in _sorts()}
    found = []
    for name in header:
        key = columns.get(name, known.get(_letters(name), name))
        if key and key not in _sorts() and not key.startswith(FIELDS):
            near = did_you_mean(key, [*_sorts()])
            raise Malformed(
                f"header: column '{key}' is no key of a fact{near}; say which with --column '{name}=KEY', "
                f"keep it with --column '{name}={FIELDS}{name}', leave it out with --column '{name}='"
            )
        if key and key in found:
            raise Malformed(f"header: two columns hold '{key}'; leave one out with --column 'NAME='")
        found.append(key)
    return found


def _fact(keys: Sequence[tuple[str, Reads]], cells: Sequence[str]) -> Mapping[str, Any]:
    told: dict[str, Any] = {}
    for (key, reads), cell in zip(keys, cells, strict=True):
        if cell and key:
            if key.startswith(FIELDS):
                told.setdefault("fields", {})[key.removeprefix(FIELDS)] = reads(cell)
            else:
                told[key] = reads(cell)
    if told.get("deleted") is False:
        del told["deleted"]
    return told


def _reader(key: str, zone: tzinfo | None) -> Reads:
    """What cannot be read as it should stays a text, and is refused as such."""
    sort = _sorts().get(key)
    if sort == "time":
        return str if zone is None else lambda cell: _in_zone(cell, zone)
    if sort == "texts":
        return lambda cell: [
            part for part in re.split(r"\s*[;,\s]\s*" if key == "commits" else r"\s*[;,]\s*", cell) if part
        ]
    if sort == "truth":
        return lambda cell: TRUTHS.get(cell.casefold(), cell)
    if sort == "number":
        return _number
    return _plain_number if key.startswith(FIELDS) else str


def _number(cell: str) -> object:
    for reads in (int, float):
        try:
            return reads(cell)
        except ValueError:
            continue
    return cell


def _plain_number(cell: str) -> object:
    """A number only where it is written as one: `007` and `1.10` are names, and stay as they are."""
    number = _number(cell)
    return number if str(number) == cell else cell


def _in_zone(cell: str, zone: tzinfo) -> str:
    try:
        at = datetime.fromisoformat(cell)
    except ValueError:
        return cell
    return cell if at.tzinfo is not None else at.replace(tzinfo=zone).isoformat()


@cache
def _sorts() -> Mapping[str, Sort]:
    """Every key of every kind, and how it is read; as the published schema has it."""
    found: dict[str, Sort] = {"kind": "text", "deleted": "truth"}
    for shape in SHAPES.values():
        for key, schema in shape.model_json_schema()["properties"].items():
            if key != "fields":
                found.setdefault(key, _sort(schema))
    return found


def _sort(schema: Mapping[str, Any]) -> Sort:
    said = [schema, *schema.get("anyOf", ())]
    types = {one.get("type") if isinstance(one.get("type"), str) else "array" for one in said if "type" in one}
    if any(one.get("format") == "date-time" for one in said):
        return "time"
    if types & {"integer", "number"}:
        return "number"
    return "truth" if "boolean" in types else "texts" if "array" in types else "text"


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())

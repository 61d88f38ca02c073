"""WIQL text to predicates over work items."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from integration.simulators.azure_devops_items import LINK_ENDS, Identity, Value, WorkItem, split_tags
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_process import Field
from integration.simulators.azure_devops_refusals import NotModelled, Refused
from integration.simulators.azure_devops_shapes import current_values

Test = Callable[[WorkItem], bool]
_TOKEN = re.compile(
    r"\s*(\[[^\]]+\](?:\.\[[^\]]+\])?|'(?:[^']|'')*'|@\w+|<>|<=|>=|[=<>(),]|-?\d+(?:\.\d+)?|[\w.*]+|\S)"
)
MODES = ("recursive", "mustcontain", "maycontain", "doesnotcontain")
_LINK_TYPE = "system.links.linktype"


@dataclass(frozen=True, slots=True)
class Query:
    """A query, understood. `link_type` is None for a flat one; then `target` is always true, and `mode` empty."""

    columns: tuple[Field, ...]
    source: Test
    target: Test
    link_type: str | None
    mode: str = ""


def parse(organisation: Organisation, text: str, *, project: str | None, precise: bool) -> Query:
    """The query. Raises `Refused` for what WIQL does not know, `NotModelled` for what we do not."""
    return _Parser(organisation, text, project, precise).parse()


@dataclass(frozen=True, slots=True)
class _Clause:
    """One condition that must hold, and of which ends of a link it speaks."""

    test: Test
    sides: frozenset[str]


class _Parser:
    """Recursive descent over the tokens; conditions become predicates at once, a list of them is a conjunction."""

    def __init__(self, organisation: Organisation, text: str, project: str | None, precise: bool) -> None:
        self._organisation = organisation
        self._project = project
        self._precise = precise
        self._tokens = _TOKEN.findall(text)
        self._at = 0
        self._link_type: str | None = None

    def parse(self) -> Query:
        self._expect("select")
        columns = [self._field(self._take())]
        while self._accept(","):
            columns.append(self._field(self._take()))
        self._expect("from")
        kind = self._take().lower()
        clauses = self._any() if self._accept("where") else []
        if self._accept("order"):
            self._skip_order()
        if kind == "workitems":
            self._end()
            return Query(tuple(columns), _all(clauses), _all([]), None)
        if kind != "workitemlinks":
            raise _wrong(f"TF51006: Expecting WorkItems or WorkItemLinks, found {kind}.")
        self._expect("mode")
        self._expect("(")
        if (mode := self._take().lower()) not in MODES:
            raise NotModelled(f"WIQL MODE ({mode})")
        self._expect(")")
        self._end()
        if self._link_type is None or any(len(clause.sides) > 1 for clause in clauses):
            raise NotModelled("a WIQL link query without [System.Links.LinkType], or with OR between its parts")
        source = [clause for clause in clauses if "source" in clause.sides]
        target = [clause for clause in clauses if "target" in clause.sides]
        return Query(tuple(columns), _all(source), _all(target), self._link_type, mode)

    def _any(self) -> list[_Clause]:
        options = [self._every()]
        while self._accept("or"):
            options.append(self._every())
        if len(options) == 1:
            return options[0]
        tests = [_all(clauses) for clauses in options]
        sides = frozenset(side for clauses in options for clause in clauses for side in clause.sides)
        return [_Clause(lambda item: any(test(item) for test in tests), sides)]

    def _every(self) -> list[_Clause]:
        clauses = self._one()
        while self._accept("and"):
            clauses += self._one()
        return clauses

    def _one(self) -> list[_Clause]:
        if self._accept("("):
            clauses = self._any()
            self._expect(")")
            return clauses
        if self._accept("not"):
            return [_negation(self._one())]
        name = self._take()
        if name.strip("[]").lower() == _LINK_TYPE:
            return [self._links()]
        side, _, rest = name.rpartition("].[")
        field = self._field(rest)
        negated = self._accept("not")
        clause = _Clause(self._condition(field, self._take().lower()), frozenset({side.strip("[").lower() or "source"}))
        return [_negation([clause]) if negated else clause]

    def _links(self) -> _Clause:
        self._expect("=")
        wanted = str(self._literal()).lower()
        self._link_type = next((rel for rel in LINK_ENDS if rel.lower() == wanted), None)
        if self._link_type is None:
            raise _wrong(f"The specified link type does not exist: {wanted}.")
        return _Clause(_all([]), frozenset({"link"}))

    def _condition(self, field: Field, sign: str) -> Test:
        if sign == "in":
            self._expect("(")
            options = [self._operand(field)]
            while self._accept(","):
                options.append(self._operand(field))
            self._expect(")")
            return lambda item: _fold(self._value(item, field)) in [_fold(option) for option in options]
        operand = self._operand(field)
        if sign == "contains":
            return lambda item: _contains(field, self._value(item, field), str(operand))
        if sign == "under":
            prefix = str(operand).lower()
            return lambda item: (str(self._value(item, field) or "").lower() + "\\").startswith(prefix + "\\")
        if sign not in ("=", "<>", "<", "<=", ">", ">="):
            raise NotModelled(f"WIQL operator {sign!r}")
        return lambda item: _compare(self._round(self._value(item, field)), sign, operand)

    def _operand(self, field: Field) -> Value | date:
        given = self._literal()
        if field.type != "dateTime":
            number = field.type in ("integer", "double")
            if isinstance(given, float) != number:
                raise _wrong(f"TF51530: The value of {field.name} has the wrong type.")  # [inf]
            return given
        if isinstance(given, date):
            return given
        at = datetime.fromisoformat(str(given))
        if self._precise:
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        if at.time() != datetime.min.time():
            message = (
                "You cannot supply a time with the date when running a query using date precision. "
                f"The error is caused by «'{given}'»."
            )
            raise _wrong(message)  # [3p]
        return at.date()

    def _literal(self) -> Value | date:
        token = self._take()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.lower() == "@project" and self._project:
            return self._project
        if token.lower() == "@today":
            today = self._organisation.now()
            if self._peek() == "-" or re.fullmatch(r"-\d+", self._peek()):
                days = self._take()
                return (today + timedelta(days=int(days if days != "-" else "-" + self._take()))).date()
            return today.date()
        if re.fullmatch(r"-?\d+(\.\d+)?", token):
            return float(token)
        if token.lower() in ("true", "false"):
            return token.lower() == "true"
        raise NotModelled(f"WIQL value {token!r}")

    def _value(self, item: WorkItem, field: Field) -> Value | None:
        return current_values(item).get(field.reference)

    def _round(self, value: Value | None) -> Value | date | None:
        return value.date() if isinstance(value, datetime) and not self._precise else value

    def _field(self, token: str) -> Field:
        name = token.strip("[]")
        if field := self._organisation.process.field(name):
            return field
        raise _wrong(
            f"TF51005: The query references a field that does not exist. The error is caused by «[{name}]»."
        )  # [3p]

    def _skip_order(self) -> None:
        self._expect("by")
        while self._peek() and self._peek().lower() != "mode":
            self._take()

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        if not token:
            raise _wrong("TF51006: The query statement is missing its end.")
        return token

    def _accept(self, word: str) -> bool:
        if self._peek().lower() != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise _wrong(f"TF51006: The query statement is missing {word.upper()} near «{self._peek()}».")

    def _end(self) -> None:
        if self._peek():
            raise NotModelled(f"WIQL from {self._peek()!r} on")


def _wrong(message: str) -> Refused:
    return Refused(400, message, "SyntaxException")


def _all(clauses: list[_Clause]) -> Test:
    return lambda item: all(clause.test(item) for clause in clauses)


def _negation(clauses: list[_Clause]) -> _Clause:
    held = _all(clauses)
    return _Clause(lambda item: not held(item), frozenset(side for clause in clauses for side in clause.sides))


def _contains(field: Field, value: Value | None, wanted: str) -> bool:
    if field.reference == "System.Tags":
        return wanted.lower() in [tag.lower() for tag in split_tags(value)]  # [doc] a whole tag, not a part of one
    return wanted.lower() in str(value or "").lower()


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compare(value: Value | date | None, sign: str, operand: Value | date) -> bool:
    left, right = _fold(value), _fold(operand)
    if sign in ("=", "<>"):
        equal: bool = left == right
        return equal == (sign == "=")
    return left is not None and _ORDER[sign](left, right)


def _fold(value: Value | date | None) -> Any:
    if isinstance(value, Identity):
        return value.name.lower()
    return value.lower() if isinstance(value, str) else value

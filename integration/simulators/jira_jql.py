"""The part of JQL that the simulator answers: conditions with AND, OR, NOT and parentheses, and an order.

Fields: project, key, id, parent, labels, issuetype, status, statusCategory, priority, filter, updated, created, an epic
link by its name or number; `is [not] empty` also for custom fields. What a real Jira refuses is refused in its words;
what it might accept and we do not is `Unmodelled`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from integration.simulators.jira_refusals import Refused, Unmodelled
from integration.simulators.jira_shapes import milliseconds
from integration.simulators.jira_site import NotFound, Site
from integration.simulators.jira_things import Issue

_TOKEN = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(>=|<=|!=|[=<>~(),])|([^\s()=<>!~,"']+))""")
_DATES = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")  # [doc] to the minute, in the caller's zone
_PERIODS = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
_CATEGORIES = {"to do": "new", "in progress": "indeterminate", "done": "done"}
_ALIASES = {"id": "key", "issue": "key", "issuekey": "key", "type": "issuetype"}
_ORDERABLE = ("updated", "created", "key", "id")
_UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."  # [3p]

Matches = Callable[[Issue], bool]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool = False

    def says(self, *words: str) -> bool:
        return not self.quoted and self.text.casefold() in words


@dataclass(frozen=True, slots=True)
class Query:
    """A query understood: which issues, and in which order (field, descending)."""

    matches: Matches
    order: tuple[tuple[str, bool], ...]

    def place(self, issue: Issue) -> list[Any]:
        """Where the issue stands in the order; JSON, so that a page token can carry it."""
        return [_sort_value(issue, field) for field, _ in self.order] + [int(issue.id)]

    def compare(self, one: list[Any], other: list[Any]) -> int:
        """Which of two places comes first, as `sorted` wants to know."""
        descending = [down for _, down in self.order] + [False]
        for left, right, down in zip(one, other, descending, strict=True):
            if left != right:
                return 1 if (left < right) == down else -1
        return 0

    def run(self, issues: list[Issue]) -> list[Issue]:
        """The issues that match, in order."""
        found = sorted((issue for issue in issues if self.matches(issue)), key=lambda issue: int(issue.id))
        for field, descending in reversed(self.order):
            found.sort(key=lambda issue: _sort_value(issue, field), reverse=descending)
        return found


def parse(jql: str, site: Site, zone: ZoneInfo, *, bounded: bool = True, strict: bool = True) -> Query:
    """The query, or Jira's refusal; outside the Cloud a query need not be `bounded`, and is not always validated. [doc]

    What a query that is not `strict` names and is not there, nothing matches. [inf]
    """
    tokens = list(_tokens(jql))
    if bounded and (not tokens or tokens[0].says("order")):
        raise Refused(messages=(_UNBOUNDED,))
    return _Parser(tokens, site, zone, jql, strict=strict).query()


def _tokens(jql: str) -> Iterator[_Token]:
    position, end = 0, len(jql.rstrip())
    while position < end:
        if not (match := _TOKEN.match(jql, position)):
            raise Refused(messages=(f"Error in the JQL Query: unexpected character at position {position}.",))
        double, single, operator, word = match.groups()
        quoted = double if double is not None else single
        yield _Token(re.sub(r"\\(.)", r"\1", quoted), quoted=True) if quoted is not None else _Token(operator or word)
        position = match.end()


class _Parser:
    def __init__(self, tokens: list[_Token], site: Site, zone: ZoneInfo, jql: str, *, strict: bool) -> None:
        self._tokens = tokens
        self._site = site
        self._zone = zone
        self._jql = jql
        self._strict = strict

    def query(self) -> Query:
        unbounded = not self._tokens or self._next_says("order")
        matches: Matches = (lambda _: True) if unbounded else self._any()
        if self._tokens and not self._next_says("order"):
            self._unmodelled()
        order = self._order() if self._tokens else ()
        return Query(matches, order or (("created", True),))

    def _any(self) -> Matches:
        options = [self._every()]
        while self._next_says("or"):
            self._take()
            options.append(self._every())
        return lambda issue: any(option(issue) for option in options)

    def _every(self) -> Matches:  # [doc] AND binds before OR
        conditions = [self._one()]
        while self._next_says("and"):
            self._take()
            conditions.append(self._one())
        return lambda issue: all(condition(issue) for condition in conditions)

    def _one(self) -> Matches:
        if self._next_says("not"):
            self._take()
            inner = self._one()
            return lambda issue: not inner(issue)
        if not self._next_says("("):
            return self._condition()
        self._take()
        inside = self._any()
        if not self._next_says(")"):
            raise Refused(messages=("Error in the JQL Query: expecting ')'.",))  # [inf] the words
        self._take()
        return inside

    def _condition(self) -> Matches:
        field = self._take().text
        if self._next_says("is"):
            return self._emptiness(field)
        negated = self._next_says("not")
        if negated:
            self._take()
        operator = self._take().text.casefold()
        if field.casefold() == "filter" and operator == "=" and not negated:
            return self._filter(self._take().text)
        if field.casefold() in ("updated", "created"):
            return self._moment(field.casefold(), operator)
        if operator == "in":
            texts = self._list()
        elif operator in ("=", "!="):
            texts = [self._take().text]
            negated = operator == "!="
        else:
            self._unmodelled()
        name = _ALIASES.get(field.casefold(), field.casefold())
        if name not in (comparable := _comparable(self._site)):
            self._unmodelled()
        of, find = comparable[name]
        wanted = {self._meaning(name, text, find) for text in texts}
        if negated:
            return lambda issue: bool(of(issue)) and not of(issue) & wanted  # [doc] an empty field fulfils neither
        return lambda issue: bool(of(issue) & wanted)

    def _meaning(self, field: str, text: str, find: Callable[[str], str]) -> str:
        try:
            return find(text)
        except NotFound:
            if not self._strict:
                return ""
            if field in ("key", "parent", "epic link"):  # [3p]
                message = f"Issue does not exist or you do not have permission to see it. ({field}: {text})"
            else:
                message = f"The value '{text}' does not exist for the field '{field}'."
            raise Refused(messages=(message,)) from None

    def _filter(self, name: str) -> Matches:
        """A saved filter, by its name [doc]; its own order counts for nothing."""
        saved = {known.casefold(): jql for known, jql in self._site.filters.items()}.get(name.casefold())
        if saved is None:
            raise Refused(messages=(f"The value '{name}' does not exist for the field 'filter'.",))  # [3p]
        return parse(saved, self._site, self._zone).matches

    def _moment(self, field: str, operator: str) -> Matches:
        bound = self._date(field, self._take().text)
        compare = {
            ">=": lambda at: at >= bound,
            ">": lambda at: at > bound,
            "<=": lambda at: at <= bound,
            "<": lambda at: at < bound,
        }.get(operator)
        if compare is None:
            self._unmodelled()
        return lambda issue: compare(getattr(issue, field))

    def _date(self, field: str, text: str) -> datetime:
        if period := re.fullmatch(r"-(\d+)([wdhm])", text):
            return self._site.clock() - int(period[1]) * _PERIODS[period[2]]
        for form in _DATES:
            try:
                return datetime.strptime(text, form).replace(tzinfo=self._zone)
            except ValueError:
                continue
        forms = (
            "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'"
        )
        raise Refused(
            messages=(f"Date value '{text}' for field '{field}' is invalid. Valid formats include: {forms}.",)
        )

    def _emptiness(self, name: str) -> Matches:
        self._take()
        negated = self._next_says("not")
        if negated:
            self._take()
        if not self._take().says("empty", "null"):
            self._unmodelled()
        wanted = re.sub(r"^cf\[(\d+)\]$", r"customfield_\1", name)
        try:
            field = self._site.field(wanted)
        except NotFound:
            message = f"Field '{name}' does not exist or you do not have permission to view it."
            raise Refused(messages=(message,)) from None
        return lambda issue: (not issue.values.get(field.id)) != negated

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._take()
        if not self._tokens or not self._take().says("by"):
            self._unmodelled()
        order: list[tuple[str, bool]] = []
        while True:
            field = self._take().text.casefold()
            if field not in _ORDERABLE:
                self._unmodelled()
            descending = self._next_says("desc")
            if descending or self._next_says("asc"):
                self._take()
            order.append((field, descending))
            if not self._tokens:
                break
            if self._take().text != ",":
                self._unmodelled()
        if len(order) > 7:  # [doc]
            raise Refused(messages=("The maximum number of ORDER BY fields is 7.",))
        return tuple(order)

    def _list(self) -> list[str]:
        if self._take().text != "(":
            self._unmodelled()
        texts = [self._take().text]
        while (separator := self._take().text) == ",":
            texts.append(self._take().text)
        if separator != ")":
            self._unmodelled()
        return texts

    def _next_says(self, word: str) -> bool:
        return bool(self._tokens) and self._tokens[0].says(word)

    def _take(self) -> _Token:
        if not self._tokens:
            raise Refused(messages=("Error in the JQL Query: it ends too soon.",))
        return self._tokens.pop(0)

    def _unmodelled(self) -> NoReturn:
        raise Unmodelled(f"the JQL {self._jql!r}")


def _comparable(site: Site) -> dict[str, tuple[Callable[[Issue], set[str]], Callable[[str], str]]]:
    """By field: what an issue has in it, and what a text means there."""

    def of(field: str) -> Callable[[Issue], set[str]]:
        return lambda issue: {issue.values[field]} if issue.values.get(field) else set()

    epic_link = site.fields.get(site.epic_link)
    names = (epic_link.name.casefold(), f"cf[{epic_link.id.rpartition('_')[2]}]") if epic_link else ()
    return {
        **{name: (of(site.epic_link), lambda text: site.issue(text).id) for name in names},
        "key": (lambda issue: {issue.id}, lambda text: site.issue(text).id),
        "parent": (of("parent"), lambda text: site.issue(text).id),
        "project": (of("project"), lambda text: site.project(text).id),
        "issuetype": (of("issuetype"), lambda text: site.issue_type(text).id),
        "status": (of("status"), lambda text: site.status(text).id),
        "statuscategory": (lambda issue: {site.status_of(issue).category}, _category),
        "priority": (of("priority"), lambda text: site.priority(text).id),
        "labels": (lambda issue: set(issue.values.get("labels", ())), str),
    }


def _category(text: str) -> str:
    if category := _CATEGORIES.get(text.casefold()):
        return category
    raise NotFound(text)


def _sort_value(issue: Issue, field: str) -> Any:
    match field:
        case "key":
            project, _, number = issue.key.rpartition("-")
            return [project, int(number)]
        case "id":
            return int(issue.id)
        case _:
            return milliseconds(getattr(issue, field))

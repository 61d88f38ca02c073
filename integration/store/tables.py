"""Every table, under a comment that says what one row is.

Every table leads with the connection where it has one: connections are the natural shard (design section 7).
JSON is kept as text: it is read whole, never searched.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    text,
)

from integration.store.instants import Instant

metadata = MetaData()

# SQLite numbers rows by itself only where the key is a plain INTEGER.
Serial = BigInteger().with_variant(Integer(), "sqlite")

# One received webhook: verified, committed, answered; never changed afterwards.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("delivery", Text, nullable=False),  # the tracker's id for it, or a hash of the body
    Column("received_at", Instant, nullable=False),
    Column("headers", Text, nullable=False),  # JSON of the tracker's kept_headers
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("connection", "delivery"),
)

# What became of one delivery. Apart from it, because SQLite writes the whole body again to change a column beside it.
# `state` is new, done, ignored, unsupported or dead. A trigger makes the row with the delivery.
outcomes = Table(
    "outcomes",
    metadata,
    Column("delivery", Serial, primary_key=True, autoincrement=False),
    Column("connection", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="new"),
    Column("event", Text),
    Column("reason", Text),
)
Index("outcomes_new", outcomes.c.delivery, sqlite_where=text("state = 'new'"), postgresql_where=text("state = 'new'"))
Index("outcomes_by_state", outcomes.c.connection, outcomes.c.state, outcomes.c.event)
_MADE_WITH_THEIR_DELIVERIES = {
    "sqlite": (
        """
        CREATE TRIGGER delivery_is_new AFTER INSERT ON deliveries BEGIN
            INSERT INTO outcomes (delivery, connection) VALUES (NEW.id, NEW.connection);
        END
        """,
    ),
    "postgresql": (
        """
        CREATE OR REPLACE FUNCTION deliveries_are_new() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO outcomes (delivery, connection) SELECT id, connection FROM added;
            RETURN NULL;
        END $$
        """,
        """
        CREATE TRIGGER deliveries_are_new AFTER INSERT ON deliveries
            REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION deliveries_are_new()
        """,
    ),
}


@event.listens_for(outcomes, "after_create")
def _make_triggers(_target: Table, connection: Connection, **_options: object) -> None:
    for statement in _MADE_WITH_THEIR_DELIVERIES[connection.dialect.name]:
        connection.exec_driver_sql(statement)


# One tracker fact, kept for good. (connection, kind, source) is its identity; `data` the rest of it as JSON. `subject` is
# what is derived from it beside its item: a run, a version, the item at the other end of a link.
facts = Table(
    "facts",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("item", Text),
    Column("at", Instant, nullable=False),
    Column("actor", Text),
    Column("data", Text, nullable=False),
    Column("exact", Boolean, nullable=False),
    Column("subject", Text),
    UniqueConstraint("connection", "kind", "source"),
)
Index(
    "facts_of_subject",
    facts.c.connection,
    facts.c.subject,
    sqlite_where=text("subject IS NOT NULL"),
    postgresql_where=text("subject IS NOT NULL"),
)
Index("facts_of_item", facts.c.connection, facts.c.item, facts.c.at)
Index("facts_in_time", facts.c.connection, facts.c.kind, facts.c.at)

# What an item's fields were seen to be, not yet folded into the item; deleted with the fold.
sightings = Table(
    "sightings",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("order", BigInteger, nullable=False),
    Column("fields", Text, nullable=False),
)
Index("sightings_of_item", sightings.c.connection, sightings.c.item)

# One item as folded so far. `state` is the field-by-field fold; the columns beside it are drawn from it for joins.
items = Table(
    "items",
    metadata,
    Column("connection", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("parent", Text),  # an item id; a key is resolved when the item is folded
    Column("deleted", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    PrimaryKeyConstraint("connection", "item"),
)
Index("items_by_parent", items.c.connection, items.c.parent)

# A key an item has or had: people and old tags know it by any of them.
item_keys = Table(
    "item_keys",
    metadata,
    Column("connection", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("item", Text, nullable=False),
    PrimaryKeyConstraint("connection", "key", "item"),
)

# One direct link of an item to a key result, made by the applied mapping or by hand; replaced when the item is folded.
links = Table(
    "links",
    metadata,
    Column("connection", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("key_result", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("weight", Text, nullable=False),  # a decimal
    Column("linked_at", Instant, nullable=False),
    PrimaryKeyConstraint("connection", "item", "key_result", "origin"),
)
Index("links_of_key_result", links.c.key_result)

# A link made by hand (`okrlink link`), which outlives any mapping.
manual_links = Table(
    "manual_links",
    metadata,
    Column("connection", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("key_result", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    PrimaryKeyConstraint("connection", "item", "key_result"),
)

# One thing to refresh again: append-only, deleted by the step that has seen it. `kind` is item, reach, key result,
# card or delivery.
marks = Table(
    "marks",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("connection", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False),
    Column("detail", Text),  # what the step needs beside the subject, such as a former parent
    Column("at", Instant, nullable=False),
)
Index("marks_in_order", marks.c.kind, marks.c.id)
Index("marks_of_subject", marks.c.kind, marks.c.connection, marks.c.subject)

# The row that a step locks, so that no two workers refresh one thing at once.
subjects = Table(
    "subjects",
    metadata,
    Column("kind", Text, nullable=False),
    Column("connection", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False),
    PrimaryKeyConstraint("kind", "connection", "subject"),
)

# A durable question to a tracker: an item first linked (`subtree`), a parent never seen (`item`), the `catalogue`.
reads = Table(
    "reads",
    metadata,
    Column("connection", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("state", Text, nullable=False),  # wanted, done or dead
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
    PrimaryKeyConstraint("connection", "kind", "item"),
)
Index("reads_due", reads.c.state, reads.c.due_at)

# A connection's vocabulary as last read (core.catalogue), as JSON.
catalogues = Table(
    "catalogues",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("data", Text, nullable=False),
    Column("read_at", Instant, nullable=False),
)

# A key result's value at a time. A computed one is replaced during its local day; the others are kept as they came.
check_ins = Table(
    "check_ins",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("key_result", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("origin", Text, nullable=False),
    Column("value", Text),  # a decimal, or nothing where unknown
    Column("confidence", Integer),
    Column("note", Text, nullable=False, server_default=""),
    Column("author", Text),
    Column("reason", Text, nullable=False, server_default=""),
)
Index("check_ins_of_key_result", check_ins.c.key_result, check_ins.c.at)
Index(
    "check_ins_computed_once_a_day",
    check_ins.c.key_result,
    check_ins.c.day,
    unique=True,
    sqlite_where=text("origin = 'computed'"),
    postgresql_where=text("origin = 'computed'"),
)

# Where a key result stands as last measured, as JSON of core.okr.Standing. The scope at the start is that at the end of
# the first local day of the cycle on which there was anything to measure.
standings = Table(
    "standings",
    metadata,
    Column("key_result", Text, primary_key=True),
    Column("measured_at", Instant, nullable=False),
    Column("data", Text, nullable=False),
    Column("scope_at_start", Text),  # a fraction
    Column("scope_day", Text),
)

# What one item shall show, not yet shown: one row an item, the newest wish wins, `attempted` is on its way.
outbox = Table(
    "outbox",
    metadata,
    Column("connection", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("desired", Text, nullable=False),  # JSON: target -> value
    Column("names", Text, nullable=False),  # JSON: target -> field as the mapping names it
    Column("attempted", Text),
    Column("state", Text, nullable=False),  # wanted or dead
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
    Column("since", Instant, nullable=False),
    PrimaryKeyConstraint("connection", "item"),
)
Index("outbox_due", outbox.c.state, outbox.c.due_at)

# What we know of one field (or badge) of ours on one item: last written, tried since, a person's value that stands.
written = Table(
    "written",
    metadata,
    Column("connection", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("target", Text, nullable=False),  # a field id, or `badge`
    Column("field", Text, nullable=False),  # as the mapping names it
    Column("value", Text),  # JSON; nothing where none of ours stands there
    Column("attempts", Text, nullable=False, server_default="[]"),  # JSON list of values tried since
    Column("held", Text),  # JSON of the person's value that we leave alone
    Column("put_back", Boolean, nullable=False, server_default=false()),  # it was overwritten and must be restored
    Column("released", Text),  # JSON of a person's value that the mapping lets us replace
    Column("refused", Text),  # the tracker's words
    Column("refused_until", Instant),
    Column("stood", Text, nullable=False, server_default="[]"),  # JSON list of store.written.Sent
    Column("written_at", Instant),
    PrimaryKeyConstraint("connection", "item", "target"),
)

# A connection that is not talked to before `until`, because its tracker asked for rest or does not know us.
pauses = Table(
    "pauses",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("until", Instant, nullable=False),
)

# One line that `status` and `plan` show until its cause is gone.
notices = Table(
    "notices",
    metadata,
    Column("connection", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("since", Instant, nullable=False),
    PrimaryKeyConstraint("connection", "topic"),
)

# One applied mapping; the newest revision is in force. `files` is JSON: name -> text, the main file first.
mappings = Table(
    "mappings",
    metadata,
    Column("revision", Serial, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("folder", Text, nullable=False),  # where file/ secrets are looked for
    Column("applied_at", Instant, nullable=False),
)

# Something done every so often, by whichever worker claims it first.
jobs = Table(
    "jobs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("last_done_at", Instant),
    Column("last_error", Text),
)

# One walk through one stream of a tracker's history: how far it has come, and what to go on from. The walk with an empty
# scope is gone on with at every rescan; others are backfills, which `scope` tells apart.
streams = Table(
    "streams",
    metadata,
    Column("connection", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("scope", Text, nullable=False, server_default=""),
    Column("since", Instant, nullable=False),
    Column("cursor", Text),  # the tracker client's own; nothing before the first page
    Column("told", Integer, nullable=False, server_default="0"),  # items, versions, runs, …
    Column("new", Integer, nullable=False, server_default="0"),  # facts that nobody had told before
    Column("missed", Integer, nullable=False, server_default="0"),  # of these, what webhooks should have told
    Column("reached_at", Instant),  # when it came to the end last
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reason", Text),  # why it did not get on when it was tried last
    Column("projects", Text),  # JSON: what the mapping named when it came to the end last; an empty list names all
    PrimaryKeyConstraint("connection", "stream", "scope"),
)

# One item that a key result counts; replaced when the item is folded. No link: a counted item shows no card.
counted = Table(
    "counted",
    metadata,
    Column("connection", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("key_result", Text, nullable=False),
    PrimaryKeyConstraint("connection", "item", "key_result"),
)
Index("counted_by_key_result", counted.c.key_result)

# A part of a connection that is not asked before `until`, because its tracker said so: an endpoint with its method, what
# only the patient ask (`history`), or nothing for all of it.
rests = Table(
    "rests",
    metadata,
    Column("connection", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("until", Instant, nullable=False),
    PrimaryKeyConstraint("connection", "part"),
)

# What is left of a connection's requests_per_second (core.bucket): when it is all there again, if nobody asks before.
buckets = Table(
    "buckets",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("full_at", Instant, nullable=False),
)

# How often a connection's tracker was asked within one hour, by what for; and how often it refused that as too much.
requests = Table(
    "requests",
    metadata,
    Column("connection", Text, nullable=False),
    Column("hour", Instant, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("made", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    PrimaryKeyConstraint("connection", "hour", "purpose"),
)

# One query that a connection's tracker is asked for the mapping in force.
queries = Table(
    "queries",
    metadata,
    Column("connection", Text, nullable=False),
    Column("query", Text, nullable=False),  # core.queries.Query.id
    Column("text", Text, nullable=False),
    Column("saved", Boolean, nullable=False),
    Column("asked_at", Instant),  # when it was answered last
    Column("changed_at", Instant),  # when other items answered it than before
    Column("reason", Text),  # why it could not be asked when that was tried last
    PrimaryKeyConstraint("connection", "query"),
)

# One item that answered a query when it was asked last.
answers = Table(
    "answers",
    metadata,
    Column("connection", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("item", Text, nullable=False),
    PrimaryKeyConstraint("connection", "query", "item"),
)
Index("answers_of_item", answers.c.connection, answers.c.item)

# One delivery fact as it was pushed or imported last, as it came: what is drawn from it may be rebuilt, this never is.
# A deleted one stays as such, so that an older push that comes late does not bring it back.
pushed = Table(
    "pushed",
    metadata,
    Column("kind", Text, nullable=False),  # deployment, change, incident, build, test run or measurement
    Column("fact", Text, nullable=False),  # the sender's id for it
    Column("data", Text, nullable=False),  # JSON, its keys in order
    Column("deleted", Boolean, nullable=False),
    Column("sender", Text, nullable=False),  # the name of a token, or `import`
    Column("received_at", Instant, nullable=False),
    PrimaryKeyConstraint("kind", "fact"),
)

# From when on all facts of one kind are known that a service (for measurements: a KPI) has pushed or imported.
pushed_since = Table(
    "pushed_since",
    metadata,
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("since", Instant, nullable=False),
    PrimaryKeyConstraint("kind", "subject"),
)

# One token by which a program may use the API. The token itself is shown once and kept nowhere.
tokens = Table(
    "tokens",
    metadata,
    Column("name", Text, primary_key=True),
    Column("handle", Text, nullable=False),  # the part of the token that says which one it is
    Column("digest", Text, nullable=False),  # SHA-256 of the whole token
    Column("scopes", Text, nullable=False),  # with spaces between them
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_on", Text),  # a day in UTC
    UniqueConstraint("handle"),
)

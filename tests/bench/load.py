"""Load on a receiver: many connections, each with one request under way, every delivery with an id of its own.

`wrk` makes it where it is installed, because a client in Python takes CPU from the server it measures; else `_python`.
"""

import json
import selectors
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.webhooks.receiving import SHOP_SECRET, jira_headers

CONNECTIONS = 32
BODY_SIZE = 10_000
BODIES = 500
"""Different ones, so that a worker beside the receiver has facts to record."""
LINKED = 10
"""Of so many issues one is linked to a key result, so that the worker measures, too."""

SCRIPT = """
local bodies, signatures, size, prefix, sent = {}, {}, %(size)d, "%(prefix)s", 0
for record in io.lines("%(file)s", size + %(signature)d) do
  signatures[#signatures + 1] = record:sub(1, %(signature)d)
  bodies[#bodies + 1] = record:sub(%(signature)d + 1)
end
request = function()
  local n = sent %% #bodies + 1
  sent = sent + 1
  return wrk.format("POST", "/webhooks/shop", {
    ["Content-Type"] = "application/json",
    ["X-Hub-Signature"] = signatures[n],
    ["X-Atlassian-Webhook-Identifier"] = prefix .. sent,
  }, bodies[n])
end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    "RESULT %%.3f %%.3f %%.3f %%d\\n", summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Signed(NamedTuple):
    body: bytes
    signature: str


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it. Times in milliseconds."""

    per_second: float
    p50: float
    p99: float
    errors: int

    def __str__(self) -> str:
        return f"{self.per_second:7.0f}/s  p50 {self.p50:6.2f} ms  p99 {self.p99:7.2f} ms  {self.errors} errors"


def deliveries(number: int = BODIES) -> Sequence[Signed]:
    """Updates of as many issues, each of the size that Jira's have."""
    made = []
    for n in range(number):
        body = _issue_updated(n)
        made.append(Signed(body, jira_headers(body, secret=SHOP_SECRET)["X-Hub-Signature"]))
    return made


def _issue_updated(n: int) -> bytes:
    update = {
        "timestamp": 1_793_000_000_000 + n,
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_generic",
        "user": {"accountId": f"5b10a2844c20165700ede{n % 40:03}", "displayName": "Dana", "active": True},
        "issue": {
            "id": str(10_000 + n),
            "key": f"SHOP-{n}",
            "fields": {
                "summary": f"A book is found by its cover ({n})",
                "created": "2026-10-01T09:30:00.000+0000",
                "updated": "2026-11-20T12:00:00.000+0000",
                "labels": ["kr:rebuilt"] if n % LINKED == 0 else [],
                "project": {"id": "10000", "key": "SHOP", "name": "Shop"},
                "issuetype": {"id": "10001", "name": "Story", "subtask": False, "hierarchyLevel": 0},
                "status": {"id": "3", "name": "In Progress", "statusCategory": {"id": 4, "key": "indeterminate"}},
                **{f"customfield_{field}": field / 2 for field in range(10_100, 10_180)},
                **{f"customfield_{field}": None for field in range(10_200, 10_280)},
                "description": "",
            },
        },
        "changelog": {
            "id": str(70_000 + n),
            "items": [
                {
                    "field": "status", "fieldId": "status", "fieldtype": "jira",
                    "from": "1", "fromString": "To Do", "to": "3", "toString": "In Progress",
                }
            ],
        },
    }  # fmt: skip
    fields = update["issue"]["fields"]  # type: ignore[index]
    fields["description"] = "x" * (BODY_SIZE - len(json.dumps(update)))
    return json.dumps(update).encode()


def put_load(port: int, seconds: float, signed: Sequence[Signed], connections: int = CONNECTIONS) -> Load:
    """As many requests as the server at `port` answers in that time."""
    prefix = f"{uuid.uuid4().hex[:12]}-"
    if shutil.which("wrk"):
        return _wrk(port, seconds, signed, connections, prefix)
    return _python(port, seconds, signed, connections, prefix)


def _wrk(port: int, seconds: float, signed: Sequence[Signed], connections: int, prefix: str) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        records, script = Path(folder, "records"), Path(folder, "script.lua")
        records.write_bytes(b"".join(one.signature.encode() + one.body for one in signed))
        sizes = {"size": len(signed[0].body), "signature": len(signed[0].signature)}
        script.write_text(SCRIPT % {"file": records, "prefix": prefix, **sizes})
        options = (
            "--threads",
            "1",
            "--connections",
            str(connections),
            "--duration",
            f"{seconds:.0f}s",
            "--timeout",
            "10s",
        )
        command = ("wrk", *options, "--script", str(script), f"http://127.0.0.1:{port}")
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = next(line.split()[1:] for line in said.splitlines() if line.startswith("RESULT"))
    return Load(float(result[0]), float(result[1]), float(result[2]), int(result[3]))


def _python(port: int, seconds: float, signed: Sequence[Signed], connections: int, prefix: str) -> Load:
    """One thread that only sends what was made before and looks for the end of an answer's head: ours have no body."""
    heads = [
        b"POST /webhooks/shop HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\nX-Hub-Signature: %s\r\nX-Atlassian-Webhook-Identifier: %s"
        % (len(b), s.encode(), prefix.encode())
        for b, s in signed
    ]
    sent, errors, took = 0, 0, []
    with selectors.DefaultSelector() as selector:
        began: dict[socket.socket, float] = {}

        def send(connection: socket.socket) -> None:
            nonlocal sent
            n = sent % len(signed)
            began[connection] = time.perf_counter()
            connection.sendall(heads[n] + b"%d\r\n\r\n" % sent + signed[n].body)
            sent += 1

        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ)
            send(connection)
        start = time.perf_counter()
        while (now := time.perf_counter()) < start + seconds:
            for key, _ in selector.select(0.1):
                connection = key.fileobj  # type: ignore[assignment]
                answer = connection.recv(65536)
                took.append(time.perf_counter() - began[connection])
                errors += not answer.startswith(b"HTTP/1.1 204")
                if not answer.endswith(b"\r\n\r\n"):
                    raise RuntimeError(f"an answer of another kind: {answer[:200]!r}")
                send(connection)
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    centiles = statistics.quantiles(took, n=100)
    return Load(len(took) / (now - start), centiles[49] * 1000, centiles[98] * 1000, errors)

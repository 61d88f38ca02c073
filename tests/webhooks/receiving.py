"""What receiving tests share: a mapping with a Jira and an Azure DevOps connection, and deliveries signed for them."""

import base64
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

from integration.store import applied
from integration.store.db import Database

MAPPING = """\
version: 1
connections:
  shop: {tracker: jira, url: https://bookshop.jira.example, webhook_secret: env/SHOP_SECRET, projects: [SHOP]}
  print: {tracker: azure-devops, url: https://dev.azure.com/bookshop, webhook_secret: env/PRINT_SECRET, projects: [Print]}
objectives:
  checkout:
    title: Buying a book takes less than a minute
    cycle: 2026-Q4
    key_results:
      rebuilt: {title: The new checkout is built, work: items}
"""
SHOP_SECRET = "It's a Secret to Everybody"
PRINT_SECRET = "also secret"
SECRETS = {"SHOP_SECRET": SHOP_SECRET, "PRINT_SECRET": PRINT_SECRET}


def put_in_force(database: Database, text: str = MAPPING, folder: Path = Path()) -> None:
    with database.write() as connection:
        applied.apply(connection, text, {"okr.yaml": text}, str(folder), datetime.now(UTC))


def jira_headers(body: bytes, identifier: str = "delivery-1", secret: str = SHOP_SECRET) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-Hub-Signature": f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}",
        "X-Atlassian-Webhook-Identifier": identifier,
    }


def azure_headers(secret: str = PRINT_SECRET, user: str = "okrlink") -> dict[str, str]:
    proof = base64.b64encode(f"{user}:{secret}".encode()).decode()
    return {"Content-Type": "application/json", "Authorization": f"Basic {proof}"}


def issue_updated(key: str = "SHOP-1") -> bytes:
    return json.dumps(
        {"timestamp": 1, "webhookEvent": "jira:issue_updated", "issue": {"id": "10001", "key": key}}
    ).encode()

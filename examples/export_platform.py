"""Writes a platform's conversations from its SQL database as lines that the import takes.

    python3 examples/export_platform.py platform.db > conversations.ndjson
    deno task import conversations.ndjson

Change CONVERSATIONS and MESSAGES to the platform's own tables, and `connect` to its driver; any
Python DB-API module will do. Both queries are read row by row, so size does not matter.
"""

import json
import sqlite3
import sys
from datetime import datetime, timezone

CONVERSATIONS = """
    select c.id, c.user_id, c.bot_id, b.name, c.status, c.satisfaction_score
    from conversations c left join bots b on b.id = c.bot_id
    where c.status in ('completed', 'failed')
    order by c.id
"""
MESSAGES = """
    select role, content, created_at from messages where conversation_id = ? order by created_at, id
"""


def connect(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def instant(value):
    """ISO 8601 in UTC; a naive time is taken as UTC."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    at = at.replace(tzinfo=timezone.utc) if at.tzinfo is None else at.astimezone(timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def export(database, out):
    for id, user_id, bot_id, bot_name, status, score in database.execute(CONVERSATIONS):
        messages = [
            {"role": role, "content": content, "at": instant(at)}
            for role, content, at in database.execute(MESSAGES, (id,))
        ]
        if not messages:
            continue
        line = {
            "conversation_id": str(id),
            "user_id": str(user_id),
            "bot_id": str(bot_id),
            "status": status,
            "satisfaction_score": score,
            "messages": messages,
        }
        if bot_name:
            line["bot_name"] = bot_name
        out.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: export_platform.py DATABASE > conversations.ndjson")
    sys.stdout.reconfigure(encoding="utf-8")
    export(connect(sys.argv[1]), sys.stdout)

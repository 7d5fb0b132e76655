"""Asks a bot something and prints its answer: python queue_and_wait.py BOT MESSAGE

Needs `requests`, PIXEL_TOKEN, and PIXEL_URL where the service is not on this machine.
"""
import os
import sys
import time
import uuid

import requests

URL = os.environ.get("PIXEL_URL", "http://127.0.0.1:8002") + "/api/performance"

session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["PIXEL_TOKEN"]


class Refused(Exception):
    """The service said no; the problem document says why."""


def call(method, path, **options):
    """The body of a successful answer. Waits as long as 429 and 503 ask for, a few times."""
    for _ in range(5):
        answer = session.request(method, URL + path, timeout=60, **options)
        if answer.status_code not in (429, 503):
            break
        time.sleep(int(answer.headers.get("Retry-After", "1")))
    body = answer.json()
    if answer.ok:
        return body
    fields = "; ".join(f"{e['path']}: {e['message']}" for e in body.get("errors", []))
    raise Refused(f"{body['status']} {body['detail']} {fields}".strip())


def ask(bot_id, message):
    """Queues a message and gives its result, however long that takes."""
    conversation_id = str(uuid.uuid4())
    queued = call(
        "POST",
        "/conversations/queue",
        json={"conversation_id": conversation_id, "user_message": message, "bot_id": bot_id},
        # The key makes repeating harmless; the wait saves asking again.
        headers={"Idempotency-Key": conversation_id, "Prefer": "wait=20"},
    )
    while "result" not in queued:
        if "error" in queued:
            raise Refused(queued["error"]["message"])
        status = call("GET", f"/conversations/{conversation_id}/status", params={"wait": 20})
        queued = status["conversation_status"]
    return queued["result"]


if __name__ == "__main__":
    result = ask(sys.argv[1], " ".join(sys.argv[2:]))
    print(result["response"])
    print(f"({result['source']}, score {result['score']:.2f}, {result['latency_ms']} ms)", file=sys.stderr)

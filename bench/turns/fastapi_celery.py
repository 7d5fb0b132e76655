"""FastAPI with Celery answering turns: accept, queue, answer, store, tell whoever waits.

Run by uvicorn as the web server and by `celery worker`. BENCH_REDIS is Redis's port, BENCH_TOKEN
what callers show, BENCH_BOT a file with the bot. With BENCH_MODEL, the address of an
OpenAI-compatible model, that is asked; otherwise a classifier trained from the bot's examples.
"""
import json
import os
import time

import redis
import redis.asyncio
from celery import Celery
from celery.signals import worker_init
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

REDIS = f"redis://127.0.0.1:{os.environ['BENCH_REDIS']}"
TOKEN = os.environ["BENCH_TOKEN"]
MODEL = os.environ.get("BENCH_MODEL")
DAY = 86_400

app = FastAPI()
celery = Celery("fastapi_celery", broker=f"{REDIS}/0")
celery.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"priority_steps": [0, 5], "queue_order_strategy": "priority"},
)
store = redis.Redis.from_url(f"{REDIS}/1")
waiting = redis.asyncio.Redis.from_url(f"{REDIS}/1", socket_timeout=None)
classifier = None


@worker_init.connect
def prepare(**_):
    global classifier
    if MODEL:
        return
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    with open(os.environ["BENCH_BOT"]) as file:
        intents = json.load(file)["intents"]
    texts = [text for intent in intents for text in intent["examples"]]
    answers = [intent["answer"] for intent in intents for _ in intent["examples"]]
    classifier = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=30))
    classifier.fit(texts, answers)


if MODEL:
    import httpx

    client = httpx.Client(limits=httpx.Limits(max_connections=64), timeout=30)


@celery.task(name="answer")
def answer(conversation_id, user_message, bot_id):
    if MODEL:
        messages = [{"role": "user", "content": user_message}]
        asked = client.post(f"{MODEL}/chat/completions", json={"model": "stub", "messages": messages})
        response = asked.raise_for_status().json()["choices"][0]["message"]["content"]
    else:
        response = classifier.predict([user_message])[0]
    turn = json.dumps({"bot_id": bot_id, "response": response, "ended_at": time.time() * 1000})
    with store.pipeline() as pipe:
        pipe.set(f"turn:{conversation_id}", turn, ex=DAY)
        pipe.lpush(f"done:{conversation_id}", turn).expire(f"done:{conversation_id}", 60)
        pipe.execute()


class Turn(BaseModel):
    conversation_id: str = Field(min_length=1, max_length=200)
    user_message: str = Field(min_length=1, max_length=16_000)
    bot_id: str = Field(min_length=1, max_length=200)
    priority: str = "normal"


def authorised(authorization: str = Header(default="")):
    if authorization != f"Bearer {TOKEN}":
        raise HTTPException(401)


@app.get("/healthz")
async def healthz():
    return "ok"


def queue_turn(turn: Turn):
    answer.apply_async(
        (turn.conversation_id, turn.user_message, turn.bot_id),
        priority=0 if turn.priority == "high" else 5,
    )
    return {"status": "success", "conversation_id": turn.conversation_id}


@app.post("/queue", dependencies=[Depends(authorised)])
def queue(turn: Turn):
    return queue_turn(turn)


@app.post("/ask", dependencies=[Depends(authorised)])
async def ask(turn: Turn):
    queue_turn(turn)
    found = await waiting.blpop([f"done:{turn.conversation_id}"], timeout=25)
    return {"status": "success", "result": json.loads(found[1]) if found else None}


@app.get("/status/{conversation_id}", dependencies=[Depends(authorised)])
def status(conversation_id: str):
    found = store.get(f"turn:{conversation_id}")
    return {"status": "success", "result": json.loads(found) if found else None}

"""FastAPI with Celery doing what POST /conversations/queue does: validate, authorise, queue.

BENCH_PORT is Redis's port; run by uvicorn with one worker.
"""
import os

from celery import Celery
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

REDIS = f"redis://127.0.0.1:{os.environ['BENCH_PORT']}"
TOKEN = os.environ["BENCH_TOKEN"]
app = FastAPI()
celery = Celery("fastapi_celery", broker=f"{REDIS}/0", backend=f"{REDIS}/1")


@celery.task
def answer(conversation_id, user_message, bot_id, user_id):
    return None


class Turn(BaseModel):
    conversation_id: str = Field(min_length=1, max_length=200)
    user_message: str = Field(min_length=1, max_length=16_000)
    bot_id: str = Field(min_length=1, max_length=200)
    user_id: str | None = Field(default=None, max_length=200)


def authorised(authorization: str = Header(default="")):
    if authorization != f"Bearer {TOKEN}":
        raise HTTPException(401)


@app.get("/healthz")
async def healthz():
    return "ok"


@app.post("/queue", dependencies=[Depends(authorised)])
def queue(turn: Turn):
    task = answer.apply_async((turn.conversation_id, turn.user_message, turn.bot_id, turn.user_id))
    return {"status": "success", "task_id": task.id, "conversation_id": turn.conversation_id}

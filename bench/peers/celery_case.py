"""One case of the jobs bench on Celery: python celery_case.py CASE COUNT PORT"""
import json
import os
import subprocess
import sys
import time

from celery import Celery

PORT = os.environ.get("BENCH_PORT") or sys.argv[3]
app = Celery("celery_case", broker=f"redis://127.0.0.1:{PORT}/0", backend=f"redis://127.0.0.1:{PORT}/1")


@app.task
def noop(n):
    return None


def main():
    import redis

    name, count = sys.argv[1], int(sys.argv[2])
    results = redis.Redis(port=int(PORT), db=1)

    def bulk():
        with app.pool.acquire(block=True) as connection, app.amqp.Producer(connection) as producer:
            for n in range(count):
                noop.apply_async((n,), producer=producer)

    def worker():
        command = [sys.executable, "-m", "celery", "-A", "celery_case", "worker", "-c", "4", "-l", "ERROR",
                   "--without-gossip", "--without-mingle", "--without-heartbeat"]
        folder = os.path.dirname(os.path.abspath(__file__))
        return subprocess.Popen(command, cwd=folder, env={**os.environ, "BENCH_PORT": PORT},
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def done():
        while results.dbsize() < count:
            time.sleep(0.005)

    process = None
    if name == "drain":
        bulk()
    if name == "e2e":
        process = worker()
        while not app.control.ping(timeout=0.5):
            pass
    began = time.perf_counter()
    if name in ("bulk", "e2e"):
        bulk()
    if name == "drain":
        process = worker()
        # The worker's own start is not counted.
        while results.dbsize() == 0:
            time.sleep(0.002)
        began = time.perf_counter()
    if name != "bulk":
        done()
    seconds = time.perf_counter() - began
    if process:
        process.terminate()
        process.wait()
    print(json.dumps({"value": count / seconds}))


if __name__ == "__main__":
    main()

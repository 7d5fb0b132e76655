"""Serves a Celery task behind a task URL: the payload comes signed, the answer is the result."""
import base64, hashlib, hmac, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tasks import send_invoice

SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))

class Task(BaseHTTPRequestHandler):
    def do_POST(self):
        body, sent = self.rfile.read(int(self.headers["content-length"])), self.headers
        signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
        mac = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        signatures = (sent["webhook-signature"] or "").split()  # one for each secret in use
        ok = any(hmac.compare_digest(f"v1,{mac}", one) for one in signatures)
        ok = ok and abs(time.time() - int(sent["webhook-timestamp"])) < 300
        answer = json.dumps(send_invoice.run(**json.loads(body))).encode() if ok else b""
        self.send_response(200 if ok else 401)
        self.send_header("content-type", "application/json")
        self.end_headers(), self.wfile.write(answer)

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Task).serve_forever()

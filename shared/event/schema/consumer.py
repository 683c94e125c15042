"""Takes events from the webhook sink, as openapi.json describes it.

WEBHOOK_SECRET=whsec_... python3 consumer.py PORT
"""
import base64, hmac, http.server, json, os, sys, time

key = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))


class Consumer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        header = lambda name: self.headers.get(name, "")
        signed = f"{header('Webhook-Id')}.{header('Webhook-Timestamp')}.".encode() + body
        want = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        genuine = any(hmac.compare_digest(s, want) for s in header("Webhook-Signature").split())
        fresh = genuine and abs(time.time() - int(header("Webhook-Timestamp"))) < 300
        if fresh:
            event = json.loads(body)
            print(event["type"], event.get("subject"), flush=True)
        self.send_response(204 if fresh else 401)
        self.end_headers()


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Consumer)
print("listening on", server.server_port, flush=True)
server.serve_forever()

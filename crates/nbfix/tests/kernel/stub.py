"""A server that answers as OpenAI's does, the same for the same request. Prints its URL, and serves until it is ended."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer(path, request):
    model = request.get("model", "")
    if model == "rate-limited":
        return 429, {"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}
    if model == "refused":
        return 400, {"error": {"message": "no", "type": "invalid_request_error", "code": None}}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    base = {"id": "x-1", "created": 1, "model": model or "m", "usage": usage}
    count = range(request.get("n") or 1)
    if path.endswith("/chat/completions"):
        said = request["messages"][-1]["content"]
        message = lambda i: {"role": "assistant", "content": f"answer {i} to {said} of {len(request['messages'])}"}
        choices = [{"index": i, "message": message(i), "finish_reason": "stop"} for i in count]
        return 200, {**base, "object": "chat.completion", "choices": choices}
    if path.endswith("/completions"):
        choices = [{"index": i, "text": f" text {i}", "finish_reason": "stop", "logprobs": None} for i in count]
        return 200, {**base, "object": "text_completion", "choices": choices}
    if path.endswith("/embeddings"):
        texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
        data = [{"object": "embedding", "index": i, "embedding": [0.5 + i, 0.25]} for i, _ in enumerate(texts)]
        return 200, {**base, "object": "list", "data": data}
    if path.endswith("/images/generations"):
        return 200, {"created": 1, "data": [{"url": f"http://pictures.invalid/{i}.png"} for i in count]}
    if path.endswith("/moderations"):
        return 200, {"id": "m-1", "model": "m", "results": [{"flagged": False, "categories": {}, "category_scores": {}}]}
    return 404, {"error": {"message": path, "type": "not_found", "code": None}}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        path = self.path.split("?")[0]
        if request.get("stream"):
            return self.stream(request)
        status, body = answer(path, request)
        self.reply(status, "application/json", json.dumps(body).encode())

    def stream(self, request):
        deltas = [{"role": "assistant"}, {"content": "one "}, {"content": "two"}, {}]
        base = {"id": "x-1", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
        events = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        lines = [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"]
        self.reply(200, "text/event-stream", "".join(lines).encode())

    def reply(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        # As Azure's gateways do.
        self.send_header("x-ms-region", "Nowhere")
        self.send_header("Content-Length", str(len(body)))
        # What would make the client try again would only take time.
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
    sys.exit(0)

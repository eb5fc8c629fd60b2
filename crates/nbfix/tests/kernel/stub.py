"""A server that answers as those of OpenAI, Gemini and Pinecone do, the same for the same request. Prints its URL, and serves until it is ended."""

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
    if path.endswith(("/audio/transcriptions", "/audio/translations")):
        return 200, {"text": f"heard {request['bytes'] > 500}"}
    if path.endswith("/fine_tuning/jobs"):
        return 200, {"id": "job-1", "object": "fine_tuning.job", "model": model, "status": "queued", "training_file": request["training_file"]}
    return 404, {"error": {"message": path, "type": "not_found", "code": None}}


def gemini(path, request):
    """What Gemini answers: how it was asked is a part of the text, so that a lost setting is seen."""
    model, method = path.rsplit("/", 1)[-1].split(":")
    if method == "countTokens":
        contents = (request.get("generateContentRequest") or request)["contents"]
        return {"totalTokens": sum(len(part["text"]) for content in contents for part in content["parts"])}
    if method == "embedContent":
        return {"embedding": {"values": embedded(request)}}
    if method == "batchEmbedContents":
        return {"embeddings": [{"values": embedded(each)} for each in request["requests"]]}
    settings = dict(request.get("generationConfig") or {})
    if request.get("systemInstruction"):
        settings["system"] = [part["text"] for part in request["systemInstruction"]["parts"]]
    if request.get("safetySettings"):
        named = [(CATEGORIES.get(each["category"], each["category"]), THRESHOLDS.get(each["threshold"], each["threshold"])) for each in request["safetySettings"]]
        settings["safety"] = sorted(named)
    talk = [
        (content.get("role", "user"), [part.get("text") or f"{len(part['inlineData']['data'])} letters" for part in content["parts"]])
        for content in request["contents"]
    ]
    for name, value in settings.items():
        settings[name] = float(value) if isinstance(value, int) else value
    said = f"{model}: {talk} with {json.dumps(settings, sort_keys=True)}"
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": said}]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 3, "totalTokenCount": 5},
    }


def embedded(request):
    text = request["content"]["parts"][0]["text"]
    task = request.get("taskType")
    return [0.5 + len(text), float(len(TASKS.get(task, task) or "")), float(len(request.get("title") or ""))]


# The old library sends numbers, the new one names.
CATEGORIES = {7: "HARM_CATEGORY_HARASSMENT", 8: "HARM_CATEGORY_HATE_SPEECH", 10: "HARM_CATEGORY_DANGEROUS_CONTENT"}
THRESHOLDS = {3: "BLOCK_ONLY_HIGH", 4: "BLOCK_NONE"}
TASKS = {1: "RETRIEVAL_QUERY", 2: "RETRIEVAL_DOCUMENT"}

MODELS = [
    {"name": f"models/{name}", "version": "1", "displayName": name, "inputTokenLimit": 10, "outputTokenLimit": 5, "supportedGenerationMethods": [does]}
    for name, does in [("gemini-x", "generateContent"), ("embedding-x", "embedContent")]
]


# How the paths of Pinecone begin; its indexes, by name, and where they are.
PINECONE = ("actions", "databases", "indexes", "query", "describe_index_stats", "vectors")
INDEXES = {}
SPECS = {}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        if path.split("/")[1] in PINECONE:
            return self.pinecone("GET", path, {})
        found = {"models": MODELS} if path.endswith("/models") else next((it for it in MODELS if path.endswith(it["name"])), {})
        self.reply(200, "application/json", json.dumps(found).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}"
        is_json = body.startswith((b"{", b"["))
        request = json.loads(body) if is_json else {"bytes": len(body)}
        path = self.path.split("?")[0]
        if path.split("/")[1] in PINECONE:
            return self.pinecone("POST", path, request)
        if "/models/" in path:
            return self.gemini(path, request)
        if request.get("stream"):
            return self.stream(request)
        status, body = answer(path, request)
        self.reply(status, "application/json", json.dumps(body).encode())

    def do_DELETE(self):
        self.pinecone("DELETE", self.path.split("?")[0], {})

    def pinecone(self, method, path, request):
        """The old library calls `/databases` with flat indexes, the new one `/indexes` with a schema."""
        kind, _, name = path.strip("/").partition("/")
        if kind == "actions":
            answer = {"project_name": "p", "user_label": "u", "user_name": "n"}
        elif kind == "databases":
            if method == "POST":
                INDEXES[request["name"]] = (request["dimension"], request["metric"])
            answer = "" if method != "GET" else list(INDEXES) if not name else {
                "database": {"name": name, "dimension": INDEXES[name][0], "metric": INDEXES[name][1], "replicas": 1, "shards": 1, "pods": 1, "pod_type": "p1"},
                "status": {"ready": True, "state": "Ready", "host": "h", "port": 1},
            }
        elif kind == "indexes":
            if method == "POST":
                field = request["schema"]["fields"]["_values"]
                INDEXES[request["name"]] = (field["dimension"], field["metric"])
                SPECS[request["name"]] = request["deployment"]
                name = request["name"]
            answer = self.index(name) if name else {"indexes": [self.index(name) for name in INDEXES]}
        elif kind == "query":
            metadata = {"text": f"{request['topK']} of {request['vector']}"}
            match = {"id": "1", "score": 0.5, "values": [], "metadata": metadata if request.get("includeMetadata") else {}}
            answer = {"matches": [match], "namespace": ""}
        elif kind == "describe_index_stats":
            answer = {"namespaces": {"": {"vectorCount": 3}}, "dimension": 3, "indexFullness": 0, "totalVectorCount": 3}
        else:
            answer = {"upsertedCount": len(request.get("vectors", []))}
        if method == "DELETE":
            INDEXES.pop(name, None)
        status = 404 if kind == "indexes" and name and name not in INDEXES and method == "GET" else 200
        self.reply(status, "application/json", json.dumps(answer).encode())

    def index(self, name):
        if name not in INDEXES:
            return {}
        dimension, metric = INDEXES[name]
        return {
            "name": name,
            "host": f"http://127.0.0.1:{self.server.server_port}",
            "schema": {"fields": {"_values": {"type": "dense_vector", "dimension": dimension, "metric": metric}}},
            "deployment": SPECS.get(name, {"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"}),
            "status": {"ready": True, "state": "Ready"},
            "deletion_protection": "disabled",
        }

    def gemini(self, path, request):
        if not path.endswith(":streamGenerateContent"):
            return self.reply(200, "application/json", json.dumps(gemini(path, request)).encode())
        whole = gemini(path, request)
        text = whole["candidates"][0]["content"]["parts"][0]["text"]
        pieces = []
        for piece in (text[:5], text[5:]):
            pieces.append({"candidates": [{"content": {"role": "model", "parts": [{"text": piece}]}, "index": 0}]})
        if "alt=sse" in self.path:
            lines = "".join(f"data: {json.dumps(piece)}\r\n\r\n" for piece in pieces)
            return self.reply(200, "text/event-stream", lines.encode())
        self.reply(200, "application/json", json.dumps(pieces).encode())

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

"""Sends what pinecone below 3 asks of its own hosts to the stub: it makes their names itself, and takes no others."""

import os

try:
    import urllib3
except ImportError:
    urllib3 = None

if urllib3 is not None and os.environ.get("STUB_URL"):
    request = urllib3.PoolManager.request

    def redirected(self, method, url, *args, **named):
        host, _, path = url.removeprefix("https://").partition("/")
        if host.endswith(".pinecone.io"):
            url = os.environ["STUB_URL"] + "/" + path
        return request(self, method, url, *args, **named)

    urllib3.PoolManager.request = redirected

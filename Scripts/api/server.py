"""A server of its own for each test: a data directory, a port, a token."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.parse


class Server:
    def __init__(self, binary):
        self.binary = binary
        self.data = tempfile.mkdtemp(prefix="sandlot-api-")
        self.settings = os.path.join(self.data, "settings.toml")
        open(self.settings, "w").close()
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "serve", "--port", "0", "--data-directory", self.data, "--log-level", "error"],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "SANDLOT_CONFIG": self.settings})
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.url
        self.port = urllib.parse.urlsplit(self.url).port
        with open(os.path.join(self.data, "token")) as file:
            self.token = file.read().strip()
        return self

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(timeout=40)
        self.process.stdout.close()
        return status

    def remove(self):
        if self.process.poll() is None:
            self.stop()
        self.start()
        for session in self.call("GET", "/v1/sessions?limit=1000")["sessions"]:
            self.call("DELETE", f"/v1/sessions/{session['id']}?force=true", expect=None)
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def open(self, method, path, body=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        connection.request(method, path, body, {"Authorization": f"Bearer {self.token}", **headers})
        return connection.getresponse()

    def call(self, method, path, body=None, headers={}, expect=2):
        answer = self.open(method, path, body, headers)
        data = answer.read()
        assert expect is None or answer.status // 100 == expect, (method, path, answer.status, data)
        kind = answer.headers.get("Content-Type", "")
        return json.loads(data) if kind.startswith("application/json") else data

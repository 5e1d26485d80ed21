"""The official MCP client against `/mcp` of `sandlot serve`."""

import http.client
import json
import unittest
from urllib.parse import urlsplit

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from mcp_cases import Cases
from sandlot import Sandlot

MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


class SessionClient(Client):
    """Names a session with every call: this server has none of its own."""

    session_name = ""

    async def call_tool(self, name, arguments=None, **options):
        takes_session = name == "run" or name.startswith("file_") or name in ("exec_start", "exec_list")
        if takes_session:
            arguments = {"session": self.session_name} | (arguments or {})
        return await super().call_tool(name, arguments, **options)


class OverHTTP(unittest.IsolatedAsyncioTestCase):
    mode = "auto"

    def setUp(self) -> None:
        self.sandlot = Sandlot()
        self.addCleanup(self.sandlot.close)
        self.server = self.sandlot.serve()
        self.addCleanup(self.server.close)
        self.session = self.sandlot.run("session", "open").strip()
        self.token = self.sandlot.run("token", "create", "test", "--scope", "exec").strip()

    def client(self, token: str | None = None, **options) -> Client:
        web = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token or self.token}"}, timeout=60)
        client = SessionClient(streamable_http_client(self.server.url + "/mcp", http_client=web), mode=self.mode, **options)
        client.session_name = self.session
        return client

    def post(self, body: dict, headers: dict[str, str] | None = None) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=60)
        self.addCleanup(connection.close)
        fields = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        connection.request("POST", "/mcp", json.dumps(body), fields | (headers or {}))
        return connection, connection.getresponse()


class HTTP(OverHTTP, Cases):
    async def test_a_token_for_one_session_needs_no_name_and_reaches_no_other(self) -> None:
        other = self.sandlot.run("session", "open").strip()
        token = self.sandlot.run("token", "create", "bound", "--scope", "exec", "--session", self.session).strip()
        client = self.client(token)
        async with client:
            self.assertNotIn("session_open", {tool.name for tool in (await client.list_tools()).tools})
            ran = await Client.call_tool(client, "run", {"command": "echo hi"})
            self.assertEqual(ran.structured_content["session"], self.session)
            foreign = await client.call_tool("run", {"session": other, "command": "true"})
            self.assertEqual(foreign.structured_content["error"]["code"], "not_found")

    async def test_a_token_that_may_read_is_offered_what_reads(self) -> None:
        token = self.sandlot.run("token", "create", "reader", "--scope", "read").strip()
        async with self.client(token) as client:
            tools = (await client.list_tools()).tools
            self.assertTrue(all(tool.annotations.read_only_hint for tool in tools))
            self.assertIn("file_read", {tool.name for tool in tools})


class HTTPWithHandshake(HTTP):
    mode = "legacy"


class Doors(OverHTTP):
    def test_who_has_no_token_or_comes_from_elsewhere_is_refused(self) -> None:
        ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": MODERN}}
        headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}
        self.assertEqual(self.post(ask, headers)[1].status, 200)
        self.assertEqual(self.post(ask, headers | {"Authorization": "Bearer wrong"})[1].status, 401)
        self.assertEqual(self.post(ask, headers | {"Origin": "http://evil.example"})[1].status, 403)
        self.assertEqual(self.post(ask, headers | {"Host": "evil.example"})[1].status, 421)
        self.assertEqual(self.post(ask, headers | {"Content-Type": "text/plain"})[1].status, 415)
        self.assertEqual(self.post(ask, headers | {"Mcp-Method": "tools/call"})[1].status, 400)

    def test_commands_go_on_when_the_server_ends(self) -> None:
        call = {"name": "run", "arguments": {"session": self.session, "command": "echo on; sleep 3; echo done > finished"}}
        headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "run"}
        ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call | {"_meta": MODERN | {"progressToken": 1}}}
        _, stream = self.post(ask, headers)
        next(line for line in iter(stream.readline, b"") if line.startswith(b"data: "))
        self.server.close()
        wait = "for i in $(seq 100); do test -e finished && exit 0; sleep 0.1; done; exit 1"
        self.sandlot.run("session", "exec", self.session, "--", "sh", "-c", wait)

    def test_a_stream_that_broke_is_taken_up_and_nothing_runs_twice(self) -> None:
        hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}}}
        _, answer = self.post(hello)
        session = {"Mcp-Session-Id": answer.headers["Mcp-Session-Id"]}
        call = {
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {
                "name": "run", "_meta": {"progressToken": "p"},
                "arguments": {"session": self.session, "command": "echo x >> ran; echo first; sleep 2; echo last"},
            },
        }
        connection, stream = self.post(call, session)
        self.assertTrue(stream.headers["Content-Type"].startswith("text/event-stream"))
        last = next(line for line in iter(stream.readline, b"") if line.startswith(b"id: "))[4:].strip().decode()
        connection.sock.close()
        again = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=60)
        self.addCleanup(again.close)
        fields = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream", "Last-Event-ID": last}
        again.request("GET", "/mcp", headers=fields | session)
        resumed = again.getresponse()
        self.assertEqual(resumed.status, 200)
        events = [json.loads(line[6:]) for line in resumed.read().splitlines() if line.startswith(b"data: ")]
        self.assertEqual(events[-1]["result"]["structuredContent"]["stdout"]["text"], "first\nlast\n")
        self.assertEqual(self.sandlot.run("session", "exec", self.session, "--", "cat", "ran"), "x\n")

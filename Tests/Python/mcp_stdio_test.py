"""The official MCP client against `sandlot mcp`."""

import json
import subprocess
import unittest

import bpe_openai
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

from mcp_cases import Cases
from sandlot import BINARY, Sandlot

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


class Stdio(Cases, unittest.IsolatedAsyncioTestCase):
    mode = "auto"

    def setUp(self) -> None:
        self.sandlot = Sandlot()
        self.addCleanup(self.sandlot.close)

    def client(self, *arguments: str, **options) -> Client:
        server = StdioServerParameters(command=BINARY, args=["mcp", *arguments], env=self.sandlot.environment)
        return Client(stdio_client(server), mode=self.mode, **options)

    async def test_the_sandbox_ends_with_the_client(self) -> None:
        async with self.client() as client:
            await client.call_tool("run", {"command": "true"})
            self.assertEqual(len(self.sandlot.open_sessions()), 1)
        self.assertEqual(self.sandlot.open_sessions(), [])

    async def test_a_named_session_stays(self) -> None:
        self.sandlot.run("session", "open", "--name", "work")
        async with self.client("--session", "work") as client:
            await client.call_tool("file_write", {"path": "kept", "content": "yes"})
        self.assertEqual(self.sandlot.run("session", "exec", "work", "--", "cat", "kept"), "yes")

    async def test_a_directory_is_the_workspace(self) -> None:
        project = self.sandlot.directory / "project"
        project.mkdir()
        (project / "a.txt").write_text("from the host")
        async with self.client("--workspace", str(project)) as client:
            read = await client.call_tool("file_read", {"path": "a.txt"})
            self.assertEqual(read.structured_content["text"], "from the host")
            await client.call_tool("file_write", {"path": "b.txt", "content": "from the sandbox"})
        self.assertEqual((project / "b.txt").read_text(), "from the sandbox")

    async def test_a_synced_copy_is_compared_and_pulled(self) -> None:
        project = self.sandlot.directory / "copied"
        project.mkdir()
        (project / "a.txt").write_text("one")
        async with self.client("--sync", str(project)) as client:
            await client.call_tool("file_write", {"path": "a.txt", "content": "two"})
            self.assertEqual((project / "a.txt").read_text(), "one")
            found = await client.call_tool("workspace_diff", {})
            self.assertEqual([change["path"] for change in found.structured_content["changes"]], ["a.txt"])
            await client.call_tool("workspace_pull", {})
            self.assertEqual((project / "a.txt").read_text(), "two")
            (project / "b.txt").write_text("three")
            await client.call_tool("workspace_push", {})
            self.assertEqual((await client.call_tool("file_read", {"path": "b.txt"})).structured_content["text"], "three")

    async def test_a_client_that_may_only_look_changes_nothing(self) -> None:
        async with self.client("--read-only") as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            self.assertNotIn("run", names)
            with self.assertRaises(MCPError):
                await client.call_tool("run", {"command": "true"})


class StdioWithHandshake(Stdio):
    mode = "legacy"


class Size(unittest.IsolatedAsyncioTestCase):
    async def test_the_list_of_tools_stays_under_8000_tokens(self) -> None:
        sandlot = Sandlot()
        self.addCleanup(sandlot.close)
        server = StdioServerParameters(command=BINARY, args=["mcp", "--allow-workspace", "/srv"], env=sandlot.environment)
        async with Client(stdio_client(server)) as client:
            tools = [tool.model_dump(by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools]
        tokens = len(bpe_openai.get_encoding("o200k_base").encode(json.dumps(tools)))
        print(f"tools/list: {len(tools)} tools, {tokens} tokens of o200k_base")
        self.assertLess(tokens, 8000)


class Ending(unittest.TestCase):
    def test_a_server_that_is_asked_to_end_leaves_nothing(self) -> None:
        sandlot = Sandlot()
        self.addCleanup(sandlot.close)
        server = subprocess.Popen([BINARY, "mcp"], env=sandlot.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.stdin.close)
        call = {"name": "run", "arguments": {"command": "true"}, "_meta": META}
        server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode() + b"\n")
        server.stdin.flush()
        self.assertIn(b'"exit_code":0', server.stdout.readline())
        call["arguments"]["command"] = "sleep 1000"
        server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}).encode() + b"\n")
        server.stdin.flush()
        server.terminate()
        server.wait(30)
        self.assertEqual(sandlot.open_sessions(), [])


class Hostile(unittest.TestCase):
    def test_garbage_ends_neither_the_server_nor_the_protocol(self) -> None:
        sandlot = Sandlot()
        self.addCleanup(sandlot.close)
        ask = {"jsonrpc": "2.0", "id": "last", "method": "tools/list", "params": {"_meta": META}}
        lines = [b"\x00\xff\xfe", b"{" * 100_000, b"[" + b"[]," * 1000 + b"[]]", b"a" * (9 << 20), json.dumps(ask).encode()]
        done = subprocess.run(
            [BINARY, "mcp"], env=sandlot.environment, input=b"\n".join(lines) + b"\n", capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([answer["error"]["code"] for answer in answers[:-1]], [-32700, -32700, -32600, -32600])
        self.assertGreater(len(answers[-1]["result"]["tools"]), 10)

"""What an MCP client does, whatever the transport and the revision."""

import asyncio
import base64
import time

from mcp.client.client import Client
from mcp.shared.exceptions import MCPError


class Cases:
    """Mixed into test cases that have `client()`, which gives a client of a server with a session of its own."""

    def client(self, *arguments: str, **options) -> Client:
        raise NotImplementedError

    async def test_the_server_says_who_it_is(self) -> None:
        async with self.client() as client:
            expected = "2025-11-25" if self.mode == "legacy" else "2026-07-28"
            self.assertEqual(client.protocol_version, expected)
            self.assertEqual(client.server_info.name, "sandlot")
            self.assertIn("session", client.instructions)

    async def test_a_command_streams_progress_and_gives_its_end(self) -> None:
        told: list[tuple[float, str]] = []

        async def progress(value: float, total: float | None, message: str | None) -> None:
            told.append((value, message or ""))

        async with self.client() as client:
            result = await client.call_tool(
                "run", {"command": "for i in 1 2 3; do echo line $i; sleep 0.5; done; echo oops >&2; exit 3"}, progress_callback=progress)
        self.assertFalse(result.is_error)
        self.assertEqual(result.structured_content["exit_code"], 3)
        self.assertEqual(result.structured_content["stdout"]["text"], "line 1\nline 2\nline 3\n")
        self.assertEqual(result.structured_content["stderr"]["text"], "oops\n")
        self.assertGreater(len(told), 1)
        self.assertEqual([value for value, _ in told], sorted({value for value, _ in told}))
        self.assertIn("line 1", "".join(message for _, message in told))

    async def test_a_cancelled_call_kills_its_command(self) -> None:
        async with self.client() as client:
            started = asyncio.Event()

            async def progress(*_: object) -> None:
                started.set()

            call = asyncio.create_task(
                client.call_tool("run", {"command": "echo on; sleep 1000"}, progress_callback=progress))
            await asyncio.wait_for(started.wait(), 30)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            deadline = time.monotonic() + 30
            while True:
                execs = (await client.call_tool("exec_list", {"ended": True})).structured_content["execs"]
                if execs[0]["state"] == "ended":
                    break
                self.assertLess(time.monotonic(), deadline)
                await asyncio.sleep(0.05)
            self.assertEqual(execs[0]["outcome"], "cancelled")

    async def test_a_background_command_is_fed_read_and_waited_for(self) -> None:
        async with self.client() as client:
            started = await client.call_tool("exec_start", {"command": "cat; echo end >&2; exit 7", "stdin": True})
            name = started.structured_content["exec"]
            await client.call_tool("exec_input", {"exec": name, "text": "hello\n"})
            news = await client.call_tool("exec_output", {"exec": name, "wait_seconds": 30})
            self.assertEqual(news.structured_content["stdout"]["text"], "hello\n")
            await client.call_tool("exec_input", {"exec": name, "close": True})
            over = await client.call_tool("exec_wait", {"exec": name, "wait_seconds": 30})
            self.assertEqual(over.structured_content["exit_code"], 7)
            self.assertEqual(over.structured_content["stderr"]["text"], "end\n")

    async def test_a_background_command_is_signalled(self) -> None:
        async with self.client() as client:
            trap = "trap 'echo caught; exit 9' USR1; echo ready; while :; do sleep 0.05; done"
            name = (await client.call_tool("exec_start", {"command": trap})).structured_content["exec"]
            await client.call_tool("exec_output", {"exec": name, "wait_seconds": 30})
            await client.call_tool("exec_signal", {"exec": name, "signal": "USR1"})
            over = await client.call_tool("exec_wait", {"exec": name, "wait_seconds": 30})
            self.assertEqual(over.structured_content["exit_code"], 9)
            name = (await client.call_tool("exec_start", {"command": "sleep 1000 & sleep 1000"})).structured_content["exec"]
            ended = await client.call_tool("exec_signal", {"exec": name})
            self.assertEqual(ended.structured_content["outcome"], "cancelled")

    async def test_long_output_is_cut_and_read_on_by_offset(self) -> None:
        async with self.client() as client:
            result = await client.call_tool("run", {"command": "seq 1 200000", "max_output": 2000})
            output = result.structured_content["stdout"]
            self.assertTrue(output["text"].endswith("200000\n"))
            self.assertLess(len(result.content[0].text), 3000)
            at = output["omitted"]["from"]
            rest = await client.call_tool(
                "exec_output", {"exec": result.structured_content["exec"], "stdout_offset": at, "max_output": 100_000})
            whole = "".join(f"{number}\n" for number in range(1, 200_001))
            self.assertEqual(rest.structured_content["stdout"]["text"], whole[at : at + 100_000])

    async def test_files_are_written_read_edited_listed_and_searched(self) -> None:
        async with self.client() as client:
            await client.call_tool("file_write", {"path": "src/a.py", "content": "def one():\n    return 1\n"})
            await client.call_tool("file_edit", {"path": "src/a.py", "old": "return 1", "new": "return 2"})
            self.assertEqual((await client.call_tool("file_read", {"path": "src/a.py"})).structured_content["text"], "def one():\n    return 2\n")
            listed = await client.call_tool("file_list", {"path": "src"})
            self.assertEqual([entry["path"] for entry in listed.structured_content["entries"]], ["a.py"])
            found = await client.call_tool("file_glob", {"pattern": "**/*.py"})
            self.assertEqual([entry["path"].removeprefix("/workspace/") for entry in found.structured_content["entries"]], ["src/a.py"])
            matches = await client.call_tool("file_grep", {"pattern": "return [0-9]"})
            self.assertEqual([match["line"] for match in matches.structured_content["matches"]], [2])
            ran = await client.call_tool("run", {"argv": ["cat", "src/a.py"]})
            self.assertEqual(ran.structured_content["stdout"]["text"], "def one():\n    return 2\n")
            data = bytes(range(256)) * 400
            await client.call_tool("file_write", {"path": "b", "content": base64.b64encode(data).decode(), "encoding": "base64"})
            read = await client.call_tool("file_read", {"path": "b", "encoding": "base64", "max_output": 100_000})
            self.assertEqual(base64.b64decode(read.structured_content["base64"]), data[:100_000])

    async def test_errors_of_a_tool_say_what_to_do(self) -> None:
        async with self.client() as client:
            missing = await client.call_tool("file_read", {"path": "nowhere"})
            self.assertTrue(missing.is_error)
            self.assertEqual(missing.structured_content["error"]["code"], "not_found")
            wrong = await client.call_tool("run", {"command": "true", "timeout_seconds": "soon"})
            self.assertEqual(wrong.structured_content["error"]["code"], "invalid_argument")
            program = await client.call_tool("run", {"argv": ["no-such-program"]})
            self.assertEqual(program.structured_content["error"]["code"], "command_not_found")
            refused = await client.call_tool("session_open", {"network": "open"})
            self.assertEqual(refused.structured_content["error"]["code"], "denied")
            with self.assertRaises(MCPError):
                await client.call_tool("no_such_tool", {})

    async def test_sessions_are_opened_used_and_closed(self) -> None:
        async with self.client() as client:
            opened = await client.call_tool("session_open", {"name": "other"})
            self.assertEqual(opened.structured_content["state"], "ready")
            ran = await client.call_tool("run", {"session": "other", "command": "pwd"})
            self.assertEqual(ran.structured_content["stdout"]["text"].strip(), opened.structured_content["workspace"])
            self.assertIn("other", [found["name"] for found in (await client.call_tool("session_list", {})).structured_content["sessions"]])
            await client.call_tool("session_close", {"session": "other"})
            gone = await client.call_tool("run", {"session": "other", "command": "true"})
            self.assertTrue(gone.is_error)
            backends = (await client.call_tool("backend_list", {})).structured_content["backends"]
            self.assertTrue(any(backend["available"] for backend in backends))

    async def test_many_calls_at_once_are_told_apart(self) -> None:
        async with self.client() as client:
            results = await asyncio.gather(*(client.call_tool("run", {"command": f"echo {number}"}) for number in range(20)))
            self.assertEqual([result.structured_content["stdout"]["text"] for result in results], [f"{number}\n" for number in range(20)])

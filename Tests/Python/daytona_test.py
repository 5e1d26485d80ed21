"""The official Daytona SDK, unmodified, against `sandlot serve --compat daytona`."""

import asyncio
import unittest

from daytona import (
    AsyncDaytona,
    AsyncSandbox,
    CreateSandboxFromSnapshotParams,
    Daytona,
    DaytonaConfig,
    DaytonaFileNotFoundError,
    Sandbox,
    SessionExecuteRequest,
)
from daytona._sync.filesystem import FileSystem
from daytona._sync.process import Process

from daytona_cases import SyncCases
import sdk_table


class OnServer(sdk_table.OnServer):
    heading = "Daytona"

    def config(self, key: str) -> DaytonaConfig:
        return DaytonaConfig(api_key=key, api_url=self.server.url + "/daytona/api", target="local")


class Sync(OnServer, SyncCases, unittest.TestCase):
    classes = {"daytona": Daytona, "sandbox": Sandbox, "process": Process, "fs": FileSystem}

    def setUp(self) -> None:
        self.client = Daytona(self.config(self.server.token))

    def other(self, key: str) -> Daytona:
        return Daytona(self.config(key))

    def test_nothing_is_left(self) -> None:
        self.sandbox().delete()
        self.assertEqual(self.server.open_sessions(), [])


class Async(OnServer, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.client = AsyncDaytona(self.config(self.server.token))
        self.addAsyncCleanup(self.client.close)

    async def sandbox(self) -> AsyncSandbox:
        made = await self.client.create(CreateSandboxFromSnapshotParams(network_block_all=True))
        self.addAsyncCleanup(made.delete)
        return made

    async def test_commands_and_files(self) -> None:
        sandbox = await self.sandbox()
        done = await sandbox.process.exec("echo out; exit 3")
        self.assertEqual((done.exit_code, done.result), (3, "out\n"))
        await sandbox.fs.upload_file(b"content", "a/b.txt")
        self.assertEqual(await sandbox.fs.download_file("a/b.txt"), b"content")
        with self.assertRaises(DaytonaFileNotFoundError):
            await sandbox.fs.download_file("a/c.txt")

    async def test_sessions_and_terminals(self) -> None:
        process = (await self.sandbox()).process
        await process.create_session("one")
        started = await process.execute_session_command(
            "one", SessionExecuteRequest(command="echo out; echo err >&2; sleep 0.1; exit 2", run_async=True))
        seen: dict[str, str] = {"out": "", "err": ""}

        def take(name: str):
            def add(text: str) -> None:
                seen[name] += text

            return add

        await asyncio.wait_for(
            process.get_session_command_logs_async("one", started.cmd_id, take("out"), take("err")), 30)
        self.assertEqual(seen, {"out": "out\n", "err": "err\n"})
        self.assertEqual((await process.get_session_command("one", started.cmd_id)).exit_code, 2)
        output = bytearray()
        terminal = await process.create_pty_session("t", on_data=output.extend)
        await terminal.send_input("echo $((40 + 2)); exit 5\n")
        self.assertEqual((await asyncio.wait_for(terminal.wait(), 30)).exit_code, 5)
        self.assertIn(b"42", output)

    async def test_fifty_sandboxes_at_once(self) -> None:
        async def one(number: int) -> str:
            sandbox = await self.sandbox()
            return (await sandbox.process.exec(f"echo {number}")).result

        found = await asyncio.gather(*(one(number) for number in range(50)))
        self.assertEqual(found, [f"{number}\n" for number in range(50)])

"""The official E2B SDK, unmodified, against `sandlot serve --compat e2b`."""

import asyncio
import unittest

from e2b import AsyncSandbox, CommandExitException, Sandbox
from e2b.sandbox_sync.commands.command import Commands
from e2b.sandbox_sync.commands.pty import Pty
from e2b.sandbox_sync.filesystem.filesystem import Filesystem

from e2b_cases import SyncCases
from sdk_table import Table
from server import Server


class OnServer:
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server("--compat", "e2b")
        url = cls.server.url + "/e2b"
        cls.options = {"api_key": cls.server.token, "api_url": url, "sandbox_url": url}

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.close()


class Sync(OnServer, SyncCases, unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.table = Table("E2B\n", sandbox=Sandbox, commands=Commands, pty=Pty, files=Filesystem)

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        wrong = cls.table.close()
        if wrong:
            raise AssertionError("docs/compat.md: " + "; ".join(wrong))

    def test_nothing_is_left(self) -> None:
        self.sandbox().kill()
        self.assertEqual(self.server.open_sessions(), [])


class Async(OnServer, unittest.IsolatedAsyncioTestCase):
    async def sandbox(self, **options) -> AsyncSandbox:
        made = await AsyncSandbox.create(timeout=120, allow_internet_access=False, **options, **self.options)

        async def end() -> None:
            await made.kill()

        self.addAsyncCleanup(end)
        return made

    async def test_commands_files_and_watches(self) -> None:
        sandbox = await self.sandbox()
        with self.assertRaises(CommandExitException) as failed:
            await sandbox.commands.run("echo out; echo err >&2; exit 3")
        self.assertEqual((failed.exception.exit_code, failed.exception.stdout, failed.exception.stderr), (3, "out\n", "err\n"))
        await sandbox.files.write("a/b.txt", "content")
        self.assertEqual(await sandbox.files.read("a/b.txt"), "content")
        seen: asyncio.Queue = asyncio.Queue()
        watch = await sandbox.files.watch_dir("a", on_event=seen.put_nowait)
        await sandbox.files.write("a/new", "x")
        event = await asyncio.wait_for(seen.get(), 20)
        self.assertEqual(event.name, "new")
        await watch.stop()

    async def test_twenty_sandboxes_at_once(self) -> None:
        async def one(number: int) -> str:
            sandbox = await self.sandbox()
            return (await sandbox.commands.run(f"echo {number}")).stdout

        found = await asyncio.gather(*(one(number) for number in range(20)))
        self.assertEqual(found, [f"{number}\n" for number in range(20)])

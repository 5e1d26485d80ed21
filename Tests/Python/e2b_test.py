"""The official E2B SDK, unmodified, against `sandlot serve --compat e2b`."""

import asyncio
import unittest

from e2b import AsyncSandbox, CommandExitException, RateLimitException, Sandbox
from e2b.sandbox_sync.commands.command import Commands
from e2b.sandbox_sync.commands.pty import Pty
from e2b.sandbox_sync.filesystem.filesystem import Filesystem

from e2b_cases import SyncCases
import sdk_table
from server import Server


class OnServer(sdk_table.OnServer):
    heading = "E2B"

    @property
    def options(self) -> dict[str, str]:
        url = self.server.url + "/e2b"
        return {"api_key": self.server.token, "api_url": url, "sandbox_url": url}


class Sync(OnServer, SyncCases, unittest.TestCase):
    classes = {"sandbox": Sandbox, "commands": Commands, "pty": Pty, "files": Filesystem}

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

    async def test_fifty_sandboxes_at_once(self) -> None:
        async def one(number: int) -> str:
            sandbox = await self.sandbox()
            return (await sandbox.commands.run(f"echo {number}")).stdout

        found = await asyncio.gather(*(one(number) for number in range(50)))
        self.assertEqual(found, [f"{number}\n" for number in range(50)])


class Cap(unittest.TestCase):
    def test_no_more_sandboxes_live_at_once_than_the_server_allows(self) -> None:
        server = Server("--compat", "e2b", "--compat-sandboxes", "1")
        self.addCleanup(server.close)
        options = {"api_key": server.token, "api_url": server.url + "/e2b", "sandbox_url": server.url + "/e2b"}
        first = Sandbox.create(timeout=60, **options)
        with self.assertRaises(RateLimitException):
            Sandbox.create(timeout=60, **options)
        self.assertEqual(len(server.open_sessions()), 1)
        first.kill()
        Sandbox.create(timeout=60, **options).kill()

"""The official Vercel SDK, unmodified, against `sandlot serve --compat vercel`."""

import asyncio
import unittest
from unittest import mock

from vercel.sandbox import SandboxClient
from vercel.sandbox import SandboxServiceOptions as AsyncOptions
from vercel.sandbox.sync import (
    SandboxServiceOptions,
    SyncInteractiveSession,
    SyncProcess,
    SyncSandbox,
    SyncSandboxClient,
    SyncSandboxFilesystem,
)

import sdk_table
from vercel_cases import SyncCases


class OnServer(sdk_table.OnServer):
    heading = "Vercel"

    @property
    def address(self) -> str:
        return self.server.url + "/vercel/api"

    def use(self, key: str) -> None:
        """The SDK takes its key from the environment."""
        patch = mock.patch.dict("os.environ", VERCEL_TOKEN=key, VERCEL_TEAM_ID="team_1", VERCEL_PROJECT_ID="prj_1")
        patch.start()
        self.addCleanup(patch.stop)


class Sync(OnServer, SyncCases, unittest.TestCase):
    classes = {
        "client": SyncSandboxClient,
        "sandbox": SyncSandbox,
        "process": SyncProcess,
        "interactive": SyncInteractiveSession,
        "fs": SyncSandboxFilesystem,
    }

    def setUp(self) -> None:
        self.use(self.server.token)
        self.client = SyncSandboxClient.create(options=SandboxServiceOptions(base_url=self.address))
        self.addCleanup(self.client.close)

    def other(self, key: str) -> SyncSandboxClient:
        self.use(key)
        client = SyncSandboxClient.create(options=SandboxServiceOptions(base_url=self.address))
        self.addCleanup(client.close)
        return client

    def test_nothing_is_left(self) -> None:
        with self.client.create_sandbox() as sandbox:
            self.assertEqual(self.shell(sandbox, "echo in").stdout, "in\n")
        self.assertEqual(self.server.open_sessions(), [])


class Async(OnServer, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.use(self.server.token)
        self.client = SandboxClient.create(options=AsyncOptions(base_url=self.address))
        self.addAsyncCleanup(self.client.aclose)

    async def test_commands_files_and_terminals(self) -> None:
        async with self.client.create_sandbox(persistent=False) as sandbox:
            done = await sandbox.run_process("sh", ["-c", "echo out; echo err >&2; exit 3"], capture_output=True)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (3, "out\n", "err\n"))
            await sandbox.fs.write_text("a/b.txt", "content")
            self.assertEqual(await sandbox.fs.read_text("a/b.txt"), "content")
            process = await sandbox.create_process("sh", ["-c", "echo slow; exit 6"])
            self.assertEqual(await process.wait(), 6)

    async def test_fifty_sandboxes_at_once(self) -> None:
        async def one(number: int) -> str:
            async with self.client.create_sandbox(persistent=False) as sandbox:
                return (await sandbox.run_process("echo", [str(number)], capture_output=True)).stdout

        found = await asyncio.gather(*(one(number) for number in range(50)))
        self.assertEqual(found, [f"{number}\n" for number in range(50)])
        self.assertEqual(self.server.open_sessions(), [])

"""The three services' SDKs together on one server whose sandboxes are containers. Run by `Scripts/test-containers`."""

import os
import unittest
from unittest import mock

import e2b
from daytona import Daytona, DaytonaConfig
from vercel.sandbox.sync import SandboxServiceOptions, SyncSandboxClient

from server import Server


class Containers(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        # The command finds its engine as Docker's own does.
        with mock.patch.dict("os.environ", DOCKER_HOST="unix://" + os.environ["SANDLOT_TEST_DOCKER_SOCKET"]):
            cls.server = Server(
                "--compat", "e2b,daytona,vercel", "--compat-backend", "docker", "--compat-image",
                "default=" + os.environ["SANDLOT_TEST_IMAGE"])

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.close()

    def tearDown(self) -> None:
        self.assertEqual(self.server.open_sessions(), [])

    def test_daytona(self) -> None:
        client = Daytona(
            DaytonaConfig(api_key=self.server.token, api_url=self.server.url + "/daytona/api", target="local"))
        sandbox = client.create()
        sandbox.fs.upload_file(b"content", "a/b")
        self.assertEqual(sandbox.process.exec("cat a/b; exit 3").exit_code, 3)
        sandbox.process.exec("sleep 300 >/dev/null 2>&1 &")
        sandbox.stop()
        sandbox.start()
        self.assertEqual(sandbox.process.exec("cat a/b").result, "content")
        sandbox.delete()

    def test_e2b(self) -> None:
        url = self.server.url + "/e2b"
        sandbox = e2b.Sandbox.create(timeout=120, api_key=self.server.token, api_url=url, sandbox_url=url)
        sandbox.files.write("a/b", "content")
        self.assertEqual(sandbox.files.read("a/b"), "content")
        sandbox.kill()

    def test_vercel(self) -> None:
        with mock.patch.dict("os.environ", VERCEL_TOKEN=self.server.token, VERCEL_TEAM_ID="t", VERCEL_PROJECT_ID="p"):
            client = SyncSandboxClient.create(options=SandboxServiceOptions(base_url=self.server.url + "/vercel/api"))
            with client.create_sandbox() as sandbox:
                sandbox.fs.write_text("a/b", "content")
                done = sandbox.run_process("sh", ["-c", "cat a/b; echo err >&2; exit 3"], capture_output=True)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (3, "content", "err\n"))
            client.close()

"""What a user of the official Vercel Sandbox SDK does, against `sandlot serve`."""

import subprocess
from datetime import timedelta

from vercel.sandbox.sync import (
    NetworkPolicy,
    ProcessSignal,
    SandboxApiError,
    SandboxPathNotFoundError,
    SandboxQueryByName,
    SandboxStatus,
)


class SyncCases:
    """Needs `self.client`."""

    def sandbox(self, **options):
        wanted = {"persistent": False, "network_policy": NetworkPolicy.deny_all()} | options
        made = self.client.create_sandbox(**wanted)
        self.addCleanup(self.destroy, made)
        return made

    def destroy(self, sandbox) -> None:
        try:
            sandbox.destroy()
        except SandboxApiError as error:
            self.assertEqual(error.status_code, 404)

    def shell(self, sandbox, line: str, **options):
        return sandbox.run_process("sh", ["-c", line], capture_output=True, **options)

    def test_a_command_tells_its_output_and_its_end(self) -> None:
        sandbox = self.sandbox(env={"A": "1"})
        done = self.shell(sandbox, "echo out; echo err >&2; echo $A $B; pwd; exit 3", env={"B": "2"})
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, "out\n1 2\n/vercel/sandbox\n", "err\n"))
        with self.assertRaises(subprocess.CalledProcessError):
            self.shell(sandbox, "exit 1", check=True)
        self.assertEqual(self.shell(sandbox, "printf 'na\\303'; sleep 0.05; printf '\\257ve'").stdout, "na\u00efve")
        self.assertEqual(self.shell(sandbox, "cat", input="given\n").stdout, "given\n")
        with self.assertRaises(SandboxApiError) as refused:
            sandbox.run_process("no-such-program")
        self.assertEqual(refused.exception.status_code, 400)

    def test_a_command_that_takes_too_long_is_killed(self) -> None:
        self.assertEqual(self.shell(self.sandbox(), "sleep 60", kill_after=0.5).returncode, 137)

    def test_a_process_is_followed_fed_and_killed(self) -> None:
        sandbox = self.sandbox()
        process = sandbox.create_process("sh", ["-c", "echo first; read a; echo got $a; cat >&2; exit 4"], stdin=subprocess.PIPE)
        self.assertEqual(process.communicate(b"one\ntwo\n"), ("first\ngot one\n", "two\n"))
        self.assertEqual(process.wait(), 4)
        other = sandbox.create_process("sleep", ["60"])
        self.assertIsNone(sandbox.get_process(other.id).returncode)
        other.send_signal(ProcessSignal.SIGTERM)
        self.assertEqual(other.wait(), 143)
        third = sandbox.create_process("sleep", ["60"])
        self.assertIsNone(third.refresh().returncode)
        third.kill()
        self.assertEqual(third.wait(), 137)
        fourth = sandbox.create_process("sleep", ["60"])
        fourth.terminate()
        self.assertEqual(fourth.wait(), 143)
        self.assertEqual(len(sandbox.query_processes()), 4)

    def test_files_come_and_go(self) -> None:
        fs = self.sandbox().fs
        content = bytes(range(256)) * 10_000
        fs.write_bytes("deep/er/a.bin", content)
        self.assertEqual(fs.read_bytes("deep/er/a.bin"), content)
        fs.write_text("b.txt", "text", mode=0o600)
        self.assertEqual(fs.read_text("/vercel/sandbox/b.txt"), "text")
        with fs.batch() as batch:
            batch.write_text("c", "1")
            batch.write_bytes("d", b"2")
        fs.mkdir("folder/inner")
        self.assertTrue(fs.is_dir("folder/inner") and fs.is_file("c") and fs.exists("d"))
        self.assertLessEqual({"b.txt", "c", "d", "deep", "folder"}, {entry.path for entry in fs.listdir(".")})
        fs.rename("c", "folder/moved")
        self.assertEqual(fs.read_text("folder/moved"), "1")
        fs.remove("folder", recursive=True)
        self.assertFalse(fs.exists("folder"))
        with self.assertRaises(SandboxPathNotFoundError):
            fs.read_bytes("no/such/file")

    def test_a_terminal_is_one(self) -> None:
        with self.sandbox().open_interactive("/bin/sh", cols=100, rows=30) as terminal:
            terminal.resize(90, 20)
            terminal.stream.write(b"stty size; exit 5\n")
            output = terminal.stream.readall()
            self.assertEqual(terminal.wait(), 5)
        self.assertIn(b"20 90", output)

    def test_sandboxes_are_found_prolonged_and_ended(self) -> None:
        sandbox = self.sandbox(name="first", tags={"purpose": "test"})
        self.assertEqual(self.client.get_sandbox(name="first").session().id, sandbox.session().id)
        with self.assertRaises(SandboxApiError) as taken:
            self.sandbox(name="first")
        self.assertEqual(taken.exception.status_code, 409)
        _, created = self.client.get_or_create_sandbox(name="first")
        self.assertFalse(created)
        found = list(self.client.query_sandboxes(query=SandboxQueryByName(name_prefix="fi")))
        self.assertEqual([item.name for item in found], ["first"])
        self.assertEqual([session.id for session in self.client.query_sessions()], [sandbox.session().id])
        self.assertEqual([session.id for session in sandbox.list_sessions()], [sandbox.session().id])
        sandbox.update_network_policy(NetworkPolicy.deny_all())
        self.assertEqual(list(sandbox.list_snapshots()), [])
        before = sandbox.session().execution_time_limit
        self.assertGreater(sandbox.extend_execution_time_limit(timedelta(minutes=5)).execution_time_limit, before)
        sandbox.update(tags={"purpose": "other"})
        self.assertEqual(self.client.get_sandbox(name="first").tags, {"purpose": "other"})
        sandbox.stop()
        self.assertEqual(self.client.get_sandbox(name="first").status, SandboxStatus.STOPPED)
        with self.assertRaises(SandboxApiError) as gone:
            sandbox.run_process("true")
        self.assertEqual(gone.exception.status_code, 410)
        sandbox.destroy()
        with self.assertRaises(SandboxApiError) as missing:
            self.client.get_sandbox(name="first")
        self.assertEqual(missing.exception.status_code, 404)

    def test_a_persistent_sandbox_goes_on_with_its_files(self) -> None:
        sandbox = self.sandbox(persistent=True)
        sandbox.fs.write_text("kept", "yes")
        first = sandbox.session().id
        sandbox.create_process("sleep", ["300"])
        sandbox.stop()
        with self.client.resume_sandbox(name=sandbox.name) as resumed:
            self.assertEqual(resumed.fs.read_text("kept"), "yes")
            resumed.stop()
        # A call on a sandbox that is stopped begins its next session.
        self.assertEqual(sandbox.fs.read_text("kept"), "yes")
        self.assertNotEqual(sandbox.session().id, first)
        self.assertNotIn(None, [process.returncode for process in sandbox.query_processes()])

    def test_a_wrong_key_opens_nothing(self) -> None:
        with self.assertRaises(SandboxApiError) as refused:
            self.other("wrong").create_sandbox()
        self.assertEqual(refused.exception.status_code, 403)

    def test_what_is_not_served_says_so(self) -> None:
        sandbox = self.sandbox()
        with self.assertRaises(SandboxApiError) as refused:
            sandbox.snapshot()
        self.assertIn("not served", str(refused.exception))
        with self.assertRaises(SandboxApiError):
            self.sandbox(ports=[3000])
        with self.assertRaises(SandboxApiError):
            sandbox.run_process("true", sudo=True)
        self.assertEqual(list(self.client.query_snapshots()), [])

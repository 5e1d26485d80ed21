"""What a user of the official E2B SDK does, against `sandlot serve`."""

import time

from e2b import (
    CommandExitException,
    FileType,
    NotFoundException,
    Sandbox,
    SandboxQuery,
    SandboxState,
    TimeoutException,
)


class SyncCases:
    """Needs `self.options`: the connection's keyword arguments."""

    def sandbox(self, **options) -> Sandbox:
        made = Sandbox.create(timeout=120, allow_internet_access=False, **options, **self.options)
        self.addCleanup(made.kill)
        return made

    def test_a_command_tells_its_output_and_its_end(self) -> None:
        sandbox = self.sandbox(envs={"A": "1"})
        done = sandbox.commands.run("echo out; echo err >&2; echo $A $B; pwd", envs={"B": "2"})
        self.assertEqual((done.exit_code, done.stdout, done.stderr), (0, "out\n1 2\n/home/user\n", "err\n"))
        with self.assertRaises(CommandExitException) as failed:
            sandbox.commands.run("echo gone; exit 3")
        self.assertEqual((failed.exception.exit_code, failed.exception.stdout), (3, "gone\n"))

    def test_output_streams_while_the_command_runs(self) -> None:
        sandbox = self.sandbox()
        seen: list[tuple[str, bool]] = []
        running = sandbox.commands.run("echo first; read line; echo $line", background=True, stdin=True)
        for out, err, _ in running:
            seen.append((out, err is None))
            if out == "first\n":
                sandbox.commands.send_stdin(running.pid, "second\n")
        self.assertEqual("".join(out for out, _ in seen if out), "first\nsecond\n")

    def test_a_command_that_takes_too_long_is_killed(self) -> None:
        sandbox = self.sandbox()
        with self.assertRaises(TimeoutException):
            sandbox.commands.run("sleep 60; touch late", timeout=0.5)
        # The client gives up at its own clock, perhaps a moment before the server's.
        end = time.monotonic() + 20
        while sandbox.commands.list() and time.monotonic() < end:
            pass
        self.assertEqual(sandbox.commands.list(), [])
        self.assertFalse(sandbox.files.exists("late"))

    def test_background_commands_are_listed_joined_and_killed(self) -> None:
        sandbox = self.sandbox()
        running = sandbox.commands.run("cat; exit 7", background=True, stdin=True)
        self.assertIn(running.pid, [process.pid for process in sandbox.commands.list()])
        joined = sandbox.commands.connect(running.pid)
        sandbox.commands.close_stdin(running.pid)
        with self.assertRaises(CommandExitException) as ended:
            joined.wait()
        self.assertEqual(ended.exception.exit_code, 7)
        other = sandbox.commands.run("sleep 60", background=True)
        self.assertTrue(other.kill())
        self.assertFalse(sandbox.commands.kill(other.pid))
        with self.assertRaises(CommandExitException):
            other.wait()

    def test_files_come_and_go(self) -> None:
        sandbox = self.sandbox()
        files = sandbox.files
        content = bytes(range(256)) * 20_000
        self.assertEqual(files.write("deep/er/a.bin", content).path, "/home/user/deep/er/a.bin")
        self.assertEqual(bytes(files.read("deep/er/a.bin", format="bytes")), content)
        files.write_files([{"path": "b1", "data": "one"}, {"path": "/home/user/b2", "data": "two"}])
        self.assertEqual(files.read("/home/user/b1") + files.read("b2"), "onetwo")
        self.assertTrue(files.make_dir("folder"))
        self.assertFalse(files.make_dir("folder"))
        moved = files.rename("b1", "folder/moved")
        self.assertEqual((moved.name, moved.type, moved.size), ("moved", FileType.FILE, 3))
        self.assertEqual({entry.name for entry in files.list(".", depth=2)}, {"deep", "er", "b2", "folder", "moved"})
        self.assertEqual(files.get_info("b2").permissions[-9:], "rw-r--r--")
        files.remove("folder")
        self.assertFalse(files.exists("folder/moved"))
        with self.assertRaises(NotFoundException):
            files.read("no/such/file")

    def test_a_watcher_sees_what_changes(self) -> None:
        sandbox = self.sandbox()
        sandbox.files.make_dir("watched")
        watcher = sandbox.files.watch_dir("watched")
        sandbox.files.write("watched/new", "x")
        events, end = [], time.monotonic() + 20
        while not events and time.monotonic() < end:
            events += [(event.name, event.type.value) for event in watcher.get_new_events()]
        self.assertIn("new", {name for name, _ in events})
        watcher.stop()

    def test_a_terminal_is_one(self) -> None:
        sandbox = self.sandbox()
        from e2b import PtySize

        output = bytearray()
        terminal = sandbox.pty.create(PtySize(rows=30, cols=100))
        sandbox.pty.send_stdin(terminal.pid, b"stty size; exit 4\n")
        try:
            for _, _, data in terminal:
                output += data or b""
        except CommandExitException:
            pass
        self.assertIn(b"30 100", bytes(output))

    def test_sandboxes_are_found_prolonged_and_ended(self) -> None:
        sandbox = self.sandbox(metadata={"purpose": "test"})
        again = Sandbox.connect(sandbox.sandbox_id, timeout=300, **self.options)
        self.assertEqual(again.commands.run("echo same").stdout, "same\n")
        found = Sandbox.list(query=SandboxQuery(metadata={"purpose": "test"}), **self.options).next_items()
        self.assertEqual([item.sandbox_id for item in found], [sandbox.sandbox_id])
        before = sandbox.get_info().end_at
        sandbox.set_timeout(1000)
        self.assertGreater(sandbox.get_info().end_at, before)
        self.assertTrue(sandbox.is_running())
        self.assertTrue(sandbox.kill())
        self.assertFalse(Sandbox.kill(sandbox.sandbox_id, **self.options))
        self.assertFalse(sandbox.is_running())

    def test_a_paused_sandbox_goes_on_where_it_was(self) -> None:
        sandbox = self.sandbox()
        running = sandbox.commands.run("i=0; while :; do i=$((i+1)); echo $i >count; done", background=True)
        while not sandbox.files.exists("count"):
            pass
        sandbox.pause()
        state = Sandbox.list(query=SandboxQuery(state=[SandboxState.PAUSED]), **self.options).next_items()
        self.assertEqual([item.sandbox_id for item in state], [sandbox.sandbox_id])
        resumed = Sandbox.connect(sandbox.sandbox_id, timeout=60, **self.options)
        self.assertIn(running.pid, [process.pid for process in resumed.commands.list()])

    def test_a_wrong_key_opens_nothing(self) -> None:
        from e2b import AuthenticationException

        with self.assertRaises(AuthenticationException):
            Sandbox.create(**(self.options | {"api_key": "e2b_wrong"}))

    def test_an_unknown_template_is_refused(self) -> None:
        with self.assertRaises(Exception) as refused:
            Sandbox.create("no-such-template", **self.options)
        self.assertIn("no-such-template", str(refused.exception))

    def test_what_is_not_served_says_so(self) -> None:
        self.assertEqual(Sandbox.list_snapshots(**self.options).next_items(), [])
        with self.assertRaises(Exception) as refused:
            self.sandbox().create_snapshot()
        self.assertIn("not served", str(refused.exception))

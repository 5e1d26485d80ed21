"""What a user of the official Daytona SDK does, against `sandlot serve`."""

import asyncio
import io
import queue

from daytona import (
    CreateSandboxFromImageParams,
    CreateSandboxFromSnapshotParams,
    DaytonaAuthenticationError,
    DaytonaConflictError,
    DaytonaError,
    DaytonaFileNotFoundError,
    DaytonaNotFoundError,
    DaytonaProcessExecutionTimeoutError,
    FileDownloadRequest,
    DaytonaSessionEndedError,
    FileUpload,
    ListSandboxesQuery,
    PtySize,
    Sandbox,
    SandboxState,
    SessionExecuteRequest,
)


class SyncCases:
    """Needs `self.client`."""

    def sandbox(self, **params) -> Sandbox:
        made = self.client.create(CreateSandboxFromSnapshotParams(network_block_all=True, **params), timeout=60)
        self.addCleanup(self.delete, made)
        return made

    def delete(self, sandbox: Sandbox) -> None:
        try:
            sandbox.delete()
        except DaytonaNotFoundError:
            pass

    def patiently(self, make):
        """The SDK gives up on a terminal whose first word does not come within a tenth of a second."""
        for _ in range(50):
            try:
                return make()
            except DaytonaError as error:
                if not isinstance(error.__cause__, queue.Empty):
                    raise
        return make()

    def test_a_command_tells_its_output_and_its_end(self) -> None:
        sandbox = self.sandbox(env_vars={"A": "1"})
        done = sandbox.process.exec("echo out; echo err >&2; echo $A $B; pwd; exit 3", env={"B": "2"})
        self.assertEqual((done.exit_code, done.result), (3, "out\nerr\n1 2\n/home/daytona\n"))
        sandbox.fs.create_folder("work", "755")
        self.assertEqual(sandbox.process.exec("pwd", cwd="work").result, "/home/daytona/work\n")
        long = "echo begin\n" + "# a long comment\n" * 10_000 + "echo $((40 + 2))\n"
        self.assertEqual(sandbox.process.exec(long).result, "begin\n42\n")
        homes = {sandbox.get_work_dir(), sandbox.get_user_home_dir(), sandbox.get_user_root_dir()}
        self.assertEqual(homes, {"/home/daytona"})

    def test_a_command_that_takes_too_long_is_killed(self) -> None:
        sandbox = self.sandbox()
        with self.assertRaises(DaytonaProcessExecutionTimeoutError):
            sandbox.process.exec("sleep 60; touch late", timeout=1)
        with self.assertRaises(DaytonaFileNotFoundError):
            sandbox.fs.get_file_info("late")

    def test_code_runs(self) -> None:
        sandbox = self.sandbox()
        done = sandbox.process.code_run("import sys\nprint(sum(range(10)), sys.argv[1:])\nsys.exit(4)")
        self.assertEqual((done.exit_code, done.result), (4, "45 []\n"))

    def test_a_session_keeps_its_state_and_its_streams_apart(self) -> None:
        process = self.sandbox().process
        process.create_session("one")

        def run(command: str, **options):
            return process.execute_session_command("one", SessionExecuteRequest(command=command, **options))

        first = run("cd /tmp; export X=5; y=6; echo out; echo err >&2; false")
        self.assertEqual((first.exit_code, first.stdout, first.stderr), (1, "out\n", "err\n"))
        self.assertEqual(run("pwd; echo $X $y").stdout, "/tmp\n5 6\n")
        self.assertEqual(run("sleep 60 & echo behind").stdout, "behind\n")
        long = "# a long comment\n" * 10_000 + "echo long"
        self.assertEqual(run(long).stdout, "long\n")
        last = run("exit 7")
        self.assertEqual(last.exit_code, 7)
        self.assertEqual(process.get_session_command("one", last.cmd_id).exit_code, 7)
        with self.assertRaises(DaytonaSessionEndedError):
            run("echo never")
        self.assertEqual([session.session_id for session in process.list_sessions()], ["one"])
        self.assertEqual([command.exit_code for command in process.get_session("one").commands], [1, 0, 0, 0, 7])
        process.delete_session("one")
        with self.assertRaises(DaytonaNotFoundError):
            process.get_session("one")

    def test_a_command_in_the_background_is_followed_and_fed(self) -> None:
        process = self.sandbox().process
        process.create_session("one")
        started = process.execute_session_command(
            "one", SessionExecuteRequest(command="echo first; read line; echo got $line; echo bad >&2; exit 9", run_async=True))
        seen: dict[str, str] = {"out": "", "err": ""}
        fed = []

        def out(text: str) -> None:
            seen["out"] += text
            if "first" in seen["out"] and not fed:
                fed.append(True)
                process.send_session_command_input("one", started.cmd_id, "second")

        def err(text: str) -> None:
            seen["err"] += text

        asyncio.run(asyncio.wait_for(process.get_session_command_logs_async("one", started.cmd_id, out, err), 30))
        self.assertEqual(seen, {"out": "first\ngot second\n", "err": "bad\n"})
        self.assertEqual(process.get_session_command("one", started.cmd_id).exit_code, 9)
        logs = process.get_session_command_logs("one", started.cmd_id)
        self.assertEqual((logs.stdout, logs.stderr), ("first\ngot second\n", "bad\n"))
        with self.assertRaises(DaytonaError):
            process.send_session_command_input("one", started.cmd_id, "late")

    def test_a_terminal_is_one(self) -> None:
        process = self.sandbox().process
        names = iter(range(100))
        size = PtySize(cols=100, rows=30)
        terminal = self.patiently(
            lambda: process.create_pty_session(f"t{next(names)}", cwd="/tmp", envs={"E": "1"}, pty_size=size))
        name = terminal.session_id
        self.assertIn((name, True, "/tmp"), [(info.id, info.active, info.cwd) for info in process.list_pty_sessions()])
        self.assertEqual(process.resize_pty_session(name, PtySize(cols=90, rows=20)).cols, 90)
        terminal.send_input("stty size; echo $E; pwd; exit 3\n")
        output = b"".join(terminal)
        self.assertEqual(terminal.exit_code, 3)
        for text in [b"20 90", b"\r\n1\r\n", b"/tmp"]:
            self.assertIn(text, output)
        other = self.patiently(lambda: process.create_pty_session(f"t{next(names)}"))
        other.disconnect()
        again = self.patiently(lambda: process.connect_pty_session(other.session_id))
        again.send_input("echo $((40 + 2))\n")
        seen = b""
        for data in again:
            seen += data
            if b"42" in seen:
                break
        self.assertTrue(process.get_pty_session_info(other.session_id).active)
        process.kill_pty_session(other.session_id)
        again.wait()
        with self.assertRaises(DaytonaNotFoundError):
            process.get_pty_session_info(other.session_id)

    def test_a_stopped_sandbox_has_files_and_no_processes(self) -> None:
        sandbox = self.sandbox()
        sandbox.fs.upload_file(b"kept", "file")
        sandbox.process.exec("sleep 300 >/dev/null 2>&1 & echo $! >pid")
        sandbox.process.create_session("one")
        sandbox.stop()
        self.assertEqual(sandbox.state, SandboxState.STOPPED)
        with self.assertRaises(DaytonaError):
            sandbox.process.exec("true")
        sandbox.start()
        self.assertEqual(sandbox.process.exec("cat file; kill -0 $(cat pid) 2>/dev/null || echo gone").result, "keptgone\n")
        self.assertEqual(sandbox.process.list_sessions(), [])
        short = self.sandbox(ephemeral=True)
        short.stop()
        with self.assertRaises(DaytonaNotFoundError):
            self.client.get(short.id)

    def test_files_come_and_go(self) -> None:
        sandbox = self.sandbox()
        files = sandbox.fs
        content = bytes(range(256)) * 10_000
        files.upload_file(content, "deep/er/a.bin")
        self.assertEqual(files.download_file("deep/er/a.bin"), content)
        files.upload_files([FileUpload(b"one", "b1"), FileUpload(b"two", "/home/daytona/b2"), FileUpload(b"", "empty")])
        answers = files.download_files([FileDownloadRequest("b1"), FileDownloadRequest("none"), FileDownloadRequest("b2")])
        self.assertEqual([answer.result for answer in answers], [b"one", None, b"two"])
        self.assertEqual(answers[1].error_details.code, "FILE_NOT_FOUND")
        files.upload_file_stream(io.BytesIO(content), "streamed")
        self.assertEqual(b"".join(files.download_file_stream("streamed")), content)
        files.upload_file(b"accents", "na\u00efve \"name\".txt")
        self.assertEqual(files.download_file("na\u00efve \"name\".txt"), b"accents")
        files.create_folder("folder", "700")
        files.move_files("b1", "folder/moved")
        info = files.get_file_info("folder/moved")
        self.assertEqual((info.name, info.is_dir, info.size), ("moved", False, 3))
        self.assertTrue(files.get_file_info("folder").is_dir)
        names = {entry.name for entry in files.list_files(".")}
        self.assertLessEqual({"b2", "deep", "empty", "folder"}, names)
        files.set_file_permissions("b2", mode="600", owner="daytona", group="daytona")
        self.assertEqual(files.get_file_info("b2").permissions, "-rw-------")
        with self.assertRaises(DaytonaError):
            files.delete_file("folder")
        files.delete_file("folder", recursive=True)
        with self.assertRaises(DaytonaFileNotFoundError):
            files.download_file("folder/moved")

    def test_texts_are_found_and_replaced(self) -> None:
        files = self.sandbox().fs
        files.upload_file(b"first\nneedle here\n", "src/one.txt")
        files.upload_file(b"nothing\n", "src/two.md")
        found = files.find_files("src", "needle")
        self.assertEqual([(match.file, match.line, match.content) for match in found], [("/home/daytona/src/one.txt", 2, "needle here")])
        self.assertEqual(files.search_files("src", "*.md").files, ["/home/daytona/src/two.md"])
        replaced = files.replace_in_files(["src/one.txt", "src/none"], "needle", "thread")
        self.assertEqual([result.success for result in replaced], [True, False])
        self.assertEqual(files.download_file("src/one.txt"), b"first\nthread here\n")

    def test_sandboxes_are_found_by_name_and_label(self) -> None:
        sandbox = self.sandbox(name="first", labels={"purpose": "test"})
        self.assertEqual(self.client.get("first").id, sandbox.id)
        with self.assertRaises(DaytonaConflictError):
            self.sandbox(name="first")
        sandbox.set_labels({"purpose": "other"})
        found = list(self.client.list(ListSandboxesQuery(labels={"purpose": "other"})))
        self.assertEqual([item.id for item in found], [sandbox.id])
        self.assertEqual(list(self.client.list(ListSandboxesQuery(labels={"purpose": "test"}))), [])
        sandbox.set_autostop_interval(30)
        sandbox.set_auto_delete_interval(60)
        sandbox.set_ttl(120)
        sandbox.refresh_activity()
        sandbox.refresh_data()
        self.assertEqual((sandbox.state, sandbox.auto_stop_interval, sandbox.auto_delete_interval), ("started", 30, 60))
        self.assertIsNotNone(sandbox.auto_destroy_at)
        self.client.stop(sandbox)
        self.client.start(sandbox)
        self.client.delete(sandbox, wait=True)
        with self.assertRaises(DaytonaNotFoundError):
            self.client.get("first")

    def test_a_wrong_key_opens_nothing(self) -> None:
        with self.assertRaises(DaytonaAuthenticationError):
            self.other("wrong").create()

    def test_what_is_not_served_says_so(self) -> None:
        with self.assertRaises(DaytonaNotFoundError) as refused:
            self.sandbox(snapshot="no-such-snapshot")
        self.assertIn("no-such-snapshot", str(refused.exception))
        with self.assertRaises(DaytonaError) as refused:
            self.client.create(CreateSandboxFromImageParams(image="FROM a\nRUN b"))
        self.assertIn("built", str(refused.exception))
        with self.assertRaises(DaytonaError) as refused:
            self.sandbox().git.status("repository")
        self.assertIn("not served", str(refused.exception))

"""The built executable with a data directory of its own."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BINARY = os.environ["SANDLOT_BIN"]


class Sandlot:
    """Leaves nothing behind: no session, no directory."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="sandlot-python-"))
        (self.directory / "data").mkdir()
        # A fresh stamp: no background reaper outlives the test.
        (self.directory / "data" / "reaped").touch()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SANDLOT_") or name == "SANDLOT_GUEST"}
        self.environment = kept | {
            "SANDLOT_DATA_DIRECTORY": str(self.directory / "data"),
            "XDG_CONFIG_HOME": str(self.directory / "config"),
        }

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [BINARY, *arguments], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"sandlot {' '.join(arguments)}: {done.returncode}: {done.stderr}")
        return done.stdout

    def serve(self) -> "Server":
        return Server(self)

    def open_sessions(self) -> list[str]:
        return self.run("session", "list", "--quiet").split()

    def close(self) -> None:
        sessions = self.open_sessions()
        if sessions:
            self.run("session", "rm", "--force", *sessions)
        shutil.rmtree(self.directory, ignore_errors=True)


class Server:
    """`sandlot serve` on a port of its own."""

    def __init__(self, sandlot: Sandlot) -> None:
        self.errors = open(sandlot.directory / "server-errors", "w+")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--port", "0"], env=sandlot.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.errors, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("http://"):
            raise AssertionError(f"the server did not start: {(sandlot.directory / 'server-errors').read_text()}")

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()

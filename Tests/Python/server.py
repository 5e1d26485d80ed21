"""`sandlot serve` of the built executable, on a port of its own."""

import subprocess

from sandlot import BINARY, Sandlot


class Server(Sandlot):
    """Ends with `close`, its sessions too."""

    def __init__(self, *arguments: str) -> None:
        super().__init__()
        self.log = open(self.directory / "server.log", "wb")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--port", "0", *arguments], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.log)
        # The line comes when the server listens, and not at all when it cannot.
        self.url = self.process.stdout.readline().decode().strip()
        if not self.url.startswith("http"):
            self.process.wait(timeout=30)
            raise AssertionError((self.directory / "server.log").read_text())
        self.token = self.run("token", "create", "test", "--scope", "exec").strip()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.log.close()
        super().close()

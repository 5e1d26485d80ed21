"""A real browser on the page of a real server; one of each for the whole run, one context for each test."""

import atexit
import contextlib
import os
import signal
import subprocess
import unittest
from pathlib import Path

from playwright.sync_api import Error, Page, expect, sync_playwright

from sandlot import BINARY, Sandlot

SCREENSHOTS = Path(os.environ["SCREENSHOTS"])
# A busy machine is slow, not wrong.
expect.set_options(timeout=45_000)


class PageServer(Sandlot):
    """`sandlot serve --open` with the built page."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        super().__init__()
        self.environment |= environment or {}
        self.log = open(self.directory / "server.log", "wb")
        self.start("0")

    def start(self, port: str) -> None:
        self.process = subprocess.Popen(
            [BINARY, "serve", "--open", "--port", port], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.log)
        self.url = self.process.stdout.readline().decode().strip()
        self.link = self.process.stdout.readline().decode().strip()
        if not self.link.startswith("http"):
            raise AssertionError((self.directory / "server.log").read_text())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def close(self) -> None:
        self.stop()
        self.log.close()
        super().close()


class World:
    """Made with the first test, ended with the run."""

    current: "World | None" = None

    def __init__(self) -> None:
        self.server = PageServer()
        atexit.register(self.server.close)
        self.playwright = sync_playwright().start()
        atexit.register(self.playwright.stop)
        # The browser's own sandbox needs a user that is not root; what it shows here is the server's.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"]
        self.browser = self.playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=arguments)
        atexit.register(self.browser.close)
        context = self.browser.new_context()
        page = context.new_page()
        page.goto(self.server.link)
        page.get_by_role("heading", name="Sessions").wait_for()
        self.cookies = context.cookies()
        context.close()


class PageCase(unittest.TestCase):
    """Fails on any error that the page throws, and on anything that its policy had to stop."""

    scheme = "light"
    size = {"width": 1280, "height": 800}

    def setUp(self) -> None:
        World.current = World.current or World()
        self.world = World.current
        self.server = self.world.server
        self.context = self.world.browser.new_context(
            viewport=self.size, color_scheme=self.scheme, accept_downloads=True, reduced_motion="reduce")
        self.context.set_default_timeout(30_000)
        self.context.add_cookies(self.world.cookies)
        self.page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self.hear)
        self.page.on("dialog", lambda dialog: (self.troubles.append(f"a dialog: {dialog.message}"), dialog.dismiss()))

    def hear(self, message) -> None:
        # A browser tells of every answer that is a refusal; the page tells it too.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.troubles.append(message.text)

    def tearDown(self) -> None:
        failed = any(error for _, error in self._outcome.result.failures + self._outcome.result.errors if _ is self)
        if failed:
            with contextlib.suppress(Error):
                self.shot(f"failed-{self.id().rsplit('.', 1)[-1]}")
        self.context.close()
        self.assertEqual(self.troubles, [])

    def go(self, place: str) -> Page:
        self.page.goto(f"{self.server.url}/#/{place}")
        return self.page

    def open_session(self, name: str, *arguments: str) -> str:
        return self.server.run("session", "open", "--name", name, *arguments).split()[0]

    def type_command(self, text: str) -> None:
        # While a dialog is there it has the keys.
        expect(self.page.get_by_role("dialog")).to_have_count(0)
        line = self.page.get_by_role("textbox", name="Command")
        line.fill(text)
        line.press("Enter")

    def block(self, index: int = -1):
        blocks = self.page.locator(".block")
        return blocks.last if index == -1 else blocks.nth(index)

    def shot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

"""Every view in both schemes, by axe-core; and what a keyboard and a narrow screen need."""

import subprocess
from importlib.resources import files

from playwright.sync_api import expect

from page_case import PageCase
from sandlot import BINARY

AXE = (files("axe_core_python") / "axe.min.js").read_text()


class AccessTest(PageCase):
    rules = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']"

    def examine(self, name: str) -> None:
        # In a world of its own: the page's policy stops scripts that are not the page's.
        session = self.context.new_cdp_session(self.page)
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame})["executionContextId"]
        session.send("Runtime.evaluate", {"expression": AXE, "contextId": world})
        answer = session.send("Runtime.evaluate", {
            "contextId": world, "awaitPromise": True, "returnByValue": True,
            "expression": f"axe.run(document, {{runOnly: {self.rules}}})"
            ".then((found) => found.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | ')))",
        })
        session.detach()
        self.assertNotIn("exceptionDetails", answer, answer)
        self.assertEqual(answer["result"]["value"], [], name)

    def views(self) -> None:
        self.open_session(f"axe-{self.scheme}")
        self.server.run("session", "exec", f"axe-{self.scheme}", "--", "sh", "-c", "mkdir dir; echo text >file.txt")
        session = f"sessions/axe-{self.scheme}"
        copied = f"axe-copied-{self.scheme}"
        project = self.server.directory / copied
        project.mkdir()
        (project / "both.txt").write_text("before\n")
        self.open_session(copied, "--sync", str(project))
        self.server.run("session", "exec", copied, "--", "sh", "-c", "echo inside >both.txt; echo new >made.txt")
        (project / "both.txt").write_text("outside\n")
        subprocess.run([BINARY, "session", "pull", copied], env=self.server.environment, stdout=subprocess.DEVNULL, check=False)
        self.server.run("session", "exec", copied, "--", "sh", "-c", "echo newer >made.txt")
        places = [
            ("sessions", "main table"), (session, ".command-line"), (f"{session}/files", ".file-name"),
            (f"{session}/files?path=&file=file.txt", ".editor"), (f"{session}/changes", ".empty"), (f"sessions/{copied}/changes", ".change-list"), (f"{session}/events", ".timeline li"), (f"{session}/details", ".reasons"),
            ("events", ".timeline li"), ("terminals", ".terminal-tools select"), (f"{session}/terminal", ".empty"),
            ("settings/sandboxes", "main table"), ("settings/about", ".details"), ("settings/backends", ".backend-card"), ("settings/backends/bubblewrap", ".setting"),
            ("settings/images", ".details"), ("settings/general", ".setting"), ("settings/secrets", ".empty"), ("settings/tokens", "main table"), ("settings/doctor", ".findings"),
        ]
        for place, landmark in places:
            with self.subTest(place=place):
                self.go(place)
                expect(self.page.locator(landmark).first).to_be_visible()
                if place == session:
                    self.type_command("printf '\\033[31mred \\033[32mgreen \\033[33myellow \\033[34mblue \\033[35mmagenta \\033[36mcyan\\n'; exit 1")
                    expect(self.block().locator(".pill.bad")).to_be_visible()
                    expect(self.block().locator(".row .fg6")).to_be_visible()
                if copied in place:
                    self.page.get_by_text("Difference").click()
                    expect(self.page.locator(".diff .new")).to_be_visible()
                self.examine(f"{place} in {self.scheme}")
        self.go("sessions")
        self.page.locator(".view-head").get_by_role("button", name="Open session").click()
        expect(self.page.locator(".decision summary")).to_be_visible()
        self.examine(f"dialog in {self.scheme}")
        self.shot(f"dialog-{self.scheme}")
        self.page.keyboard.press("Escape")
        self.go(f"{session}/terminal")
        self.page.get_by_role("button", name="New terminal").first.click()
        expect(self.page.locator(".xterm-rows:visible")).to_contain_text("$")
        self.examine(f"terminal in {self.scheme}")
        self.page.route("**/v1/sessions?**", lambda route: route.fulfill(json={"sessions": []}))
        self.go("sessions")
        expect(self.page.locator(".welcome .box")).to_be_visible()
        self.examine(f"welcome in {self.scheme}")


class LightAccessTest(AccessTest):
    def test_every_view_in_the_light_scheme(self) -> None:
        self.views()

    def test_everything_is_reached_with_the_keyboard(self) -> None:
        self.go("sessions")
        expect(self.page.get_by_role("heading", name="Sessions")).to_be_visible()
        self.page.keyboard.press("Tab")
        expect(self.page.get_by_role("link", name="Skip to content")).to_be_focused()
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("main")).to_be_focused()
        self.page.keyboard.press("Tab")
        self.page.keyboard.press("Tab")
        expect(self.page.locator(".view-head").get_by_role("button", name="Open session")).to_be_focused()
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_label("Name")).to_be_focused()
        self.page.keyboard.press("Escape")
        expect(self.page.get_by_role("dialog")).to_have_count(0)
        expect(self.page.locator(".view-head").get_by_role("button", name="Open session")).to_be_focused()


class DarkAccessTest(AccessTest):
    scheme = "dark"
    # Nothing but colours differs.
    rules = "{type: 'rule', values: ['color-contrast', 'link-in-text-block']}"

    def test_every_view_in_the_dark_scheme(self) -> None:
        self.views()


class NarrowTest(PageCase):
    size = {"width": 390, "height": 800}

    def test_a_narrow_screen_scrolls_in_one_direction(self) -> None:
        self.open_session("narrow")
        for place in ["sessions", "sessions/narrow", "sessions/narrow/files", "sessions/narrow/changes", "settings/backends", "settings/general", "events", "terminals", "settings/sandboxes", "settings/images"]:
            self.go(place)
            expect(self.page.locator("h1").first).to_be_visible()
            width = self.page.evaluate("document.documentElement.scrollWidth")
            self.assertLessEqual(width, 390, place)
        self.page.get_by_role("button", name="Menu").click()
        self.shot("narrow")
        self.page.get_by_role("link", name="Doctor").click()
        expect(self.page.get_by_role("heading", name="Doctor")).to_be_visible()

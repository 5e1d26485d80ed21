from playwright.sync_api import expect

from page_case import PageCase


class ConsoleTest(PageCase):
    def test_a_session_is_opened_used_and_closed(self) -> None:
        page = self.go("sessions")
        page.locator(".view-head").get_by_role("button", name="Open session").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("by-hand")
        expect(dialog).to_contain_text("Runs on bubblewrap (namespace)")
        dialog.get_by_text("Runs on bubblewrap").click()
        expect(dialog.locator(".decision .reasons li").first).to_be_visible()
        self.shot("open-dialog")
        dialog.get_by_role("button", name="Open session").click()
        expect(page.get_by_role("heading", name="by-hand")).to_be_visible()
        expect(page.locator(".session-title .state.ready")).to_be_visible()

        # Output comes while the command runs: it waits for a file that is made only after its first line was seen.
        self.type_command("echo first; until [ -e go ]; do sleep 0.1; done; printf '\\033[1;31mred\\033[0m\\n'; echo trouble >&2; exit 3")
        waiting = self.block()
        expect(waiting.locator(".row").first).to_have_text("first")
        expect(waiting.get_by_text("running")).to_be_visible()
        self.type_command("touch go")
        waiting = self.block(0)
        expect(waiting.locator(".pill.bad")).to_contain_text("exited with 3")
        expect(waiting.locator(".row .fg1")).to_have_text("red")
        expect(waiting.locator(".row.error")).to_have_text("trouble")
        expect(self.block(1).locator(".pill.good")).to_contain_text("succeeded")

        # The page is loaded again, and everything is there.
        page.reload()
        expect(self.block(0).locator(".row").first).to_have_text("first")
        self.block(1).get_by_role("button", name="Run again").click()
        expect(page.locator(".block")).to_have_count(3)

        self.type_command("echo begun; exec sleep 1000")
        expect(self.block().locator(".row").first).to_have_text("begun")
        self.block().get_by_role("button", name="Stop").click()
        expect(self.block().get_by_text("stopped")).to_be_visible()
        self.type_command("no-such-command")
        expect(self.block().locator(".pill.bad")).to_contain_text("command not found")
        self.shot("console")

        self.page.get_by_role("button", name="Close session").click()
        expect(page.get_by_role("dialog")).to_contain_text("every file in it")
        page.get_by_role("dialog").get_by_role("button", name="Close session").click()
        expect(page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()
        expect(page.get_by_role("main").get_by_role("link", name="by-hand")).to_have_count(0)

    def test_two_browsers_see_the_same_command(self) -> None:
        self.open_session("shared")
        self.go("sessions/shared")
        other = self.context.new_page()
        other.goto(f"{self.server.url}/#/sessions/shared")
        expect(other.get_by_text("Nothing has run here yet")).to_be_visible()
        self.type_command("echo from the first; until [ -e go ]; do sleep 0.1; done")
        expect(other.locator(".block .row")).to_have_text("from the first")
        other.get_by_role("textbox", name="Command").fill("touch go")
        other.get_by_role("textbox", name="Command").press("Enter")
        expect(self.block(0).locator(".pill.good")).to_be_visible()
        expect(self.page.locator(".block")).to_have_count(2)

    def test_earlier_commands_come_back_with_the_arrow_keys(self) -> None:
        self.open_session("history")
        self.go("sessions/history")
        self.type_command("echo one")
        expect(self.block(0).locator(".pill.good")).to_be_visible()
        self.type_command("echo two")
        expect(self.block(1).locator(".pill.good")).to_be_visible()
        line = self.page.get_by_role("textbox", name="Command")
        line.fill("draft")
        for expected in ["echo two", "echo one"]:
            line.press("ArrowUp")
            expect(line).to_have_value(expected)
        line.press("ArrowDown")
        line.press("ArrowDown")
        expect(line).to_have_value("draft")

    def test_very_long_output_stays_small_in_the_page(self) -> None:
        self.open_session("long")
        self.go("sessions/long")
        self.type_command("seq 1 400000; echo the end")
        expect(self.block().locator(".pill.good")).to_be_visible()
        expect(self.block().locator(".row").last).to_have_text("the end")
        self.assertLess(self.block().locator(".row").count(), 100)
        expect(self.block()).to_contain_text("earlier lines are not shown")
        # The first line is found by scrolling only when it is kept; the download has everything.
        with self.page.expect_download() as download:
            self.block().get_by_role("link", name="Download output").click()
        text = download.value.path().read_text()
        self.assertTrue(text.startswith("1\n2\n") and text.endswith("400000\nthe end\n"))

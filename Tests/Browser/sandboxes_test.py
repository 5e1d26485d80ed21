import re

from playwright.sync_api import expect

from page_case import PageCase


class SandboxesTest(PageCase):
    def row(self, name: str):
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))

    def test_sandboxes_tell_what_they_use_and_are_stopped_and_deleted(self) -> None:
        session = self.open_session("used")
        self.go("sessions/used")
        self.type_command("exec sleep 1000")
        expect(self.block().get_by_text("running")).to_be_visible()
        page = self.go("settings/sandboxes")
        row = self.row("used")
        expect(row).to_contain_text("ready")
        expect(row).to_contain_text("bubblewrap")
        # Processor, memory, processes; the first two readings make a rate.
        expect(row.locator(".number").nth(0)).to_have_text(re.compile(r"^[\d.]+%$"))
        expect(row.locator(".number").nth(1)).to_have_text(re.compile(r"^[\d.]+ [KMG]iB$"))
        expect(row.locator(".number").nth(2)).to_have_text(re.compile(r"^[2-9]$"))
        self.shot("sandboxes")
        row.get_by_role("button", name="Stop what runs in used").click()
        expect(page.get_by_role("dialog")).to_contain_text("1 command is stopped")
        page.get_by_role("dialog").get_by_role("button", name="Stop commands").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(row.locator(".number").nth(2)).to_have_text("1")
        row.get_by_role("button", name="Stop what runs in used").click()
        expect(page.get_by_text("No command runs in used.")).to_be_visible()

        # The same is found where its backend is.
        self.go("settings/backends/bubblewrap")
        self.row("used").get_by_role("button", name="Delete the sandbox of used").click()
        expect(page.get_by_role("dialog")).to_contain_text("every file in it")
        page.get_by_role("dialog").get_by_role("button", name="Close session").click()
        expect(self.row("used")).to_have_count(0)
        self.assertNotIn(session, self.server.open_sessions())

    def test_what_a_sandbox_does_not_tell_is_not_guessed(self) -> None:
        self.open_session("silent")
        body = '{"error": {"code": "unsupported", "message": "its processes cannot be told from others"}}'
        self.page.route("**/usage", lambda route: route.fulfill(status=501, content_type="application/json", body=body))
        self.go("settings/sandboxes")
        cell = self.row("silent").locator(".number").first
        expect(cell).to_have_text("not told")
        expect(cell).to_have_attribute("title", "its processes cannot be told from others")

from playwright.sync_api import expect

from page_case import PageCase, PageServer


class EnvironmentTest(PageCase):
    """A server whose environment decides: a key of a service, and commands on the machine itself."""

    def setUp(self) -> None:
        super().setUp()
        self.machine = PageServer({
            "SANDLOT_BACKENDS__E2B__API_KEY": "planted-in-the-environment", "SANDLOT_BACKENDS__DIRECT__ENABLED": "true", "SANDLOT_ISOLATION_FLOOR": "none"})
        self.addCleanup(self.machine.close)
        # Another port is another place, but cookies do not know ports.
        self.context.clear_cookies()
        self.page.goto(self.machine.link)
        self.page.get_by_role("heading", name="Sessions").wait_for()

    def test_a_field_that_the_environment_decides_is_locked_and_a_terminal_runs_on_the_machine_where_that_is_allowed(self) -> None:
        page = self.page
        page.goto(f"{self.machine.url}/#/settings/backends/e2b")
        expect(page.locator(".backend-head .pill.outline").first).to_have_text("configured by the environment")
        key = page.locator("[data-setting='backends.e2b.api_key']")
        expect(key).to_contain_text("SANDLOT_BACKENDS__E2B__API_KEY")
        expect(key.get_by_role("button")).to_have_count(0)
        self.assertNotIn("planted-in-the-environment", page.content())
        self.shot("remote-environment")

        page.goto(f"{self.machine.url}/#/terminals")
        picker = page.get_by_label("Where a new terminal runs")
        picker.select_option(label="This machine, outside of any sandbox")
        page.get_by_role("button", name="New terminal").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="New terminal").click()
        screen = page.locator(".xterm-rows:visible")
        expect(screen).to_contain_text("workspace")
        page.keyboard.type("echo host $((40 + 2)) $SANDLOT_SANDBOX\n")
        expect(screen).to_contain_text("host 42")
        self.shot("terminal-host")

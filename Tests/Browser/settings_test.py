import contextlib

from playwright.sync_api import expect

from page_case import PageCase


class SettingsTest(PageCase):
    def setting(self, name: str):
        return self.page.locator(f"[data-setting='{name}']")

    def test_backends_say_what_they_are_and_what_they_lack(self) -> None:
        page = self.go("settings/backends")
        card = page.locator("[data-backend='bubblewrap']")
        expect(card).to_contain_text("available")
        expect(card).to_contain_text("namespace")
        lacking = page.locator(".backend-card.off").first
        expect(lacking).to_contain_text("not available")
        expect(lacking.locator(".remedy-line code")).not_to_be_empty()
        expect(lacking.get_by_role("radio")).to_be_disabled()
        self.shot("backends")
        card.get_by_role("radio").check()
        expect(card).to_contain_text("default")
        self.assertIn("bubblewrap", self.server.run("config", "show", "default_backend"))
        page.get_by_role("radio", name="Choose automatically").check()
        expect(page.locator(".backend-card.chosen")).to_contain_text("Choose automatically")
        card.get_by_role("link").click()
        page.get_by_role("button", name="Test connection").click()
        expect(page.locator(".box.good")).to_contain_text("Works")

    def test_a_setting_is_checked_saved_and_reset(self) -> None:
        page = self.go("settings/general")
        row = self.setting("idle_ttl")
        field = row.get_by_role("textbox")
        field.fill("a while")
        row.get_by_role("button", name="Save").click()
        expect(row.get_by_role("alert")).to_be_visible()
        field.fill("45m")
        row.get_by_role("button", name="Save").click()
        expect(self.setting("idle_ttl")).to_contain_text("from the file")
        self.assertIn("45m", self.server.run("config", "show", "idle_ttl"))
        self.setting("idle_ttl").get_by_role("button", name="Back to default").click()
        expect(self.setting("idle_ttl").get_by_role("textbox")).to_have_value("30m")
        expect(self.setting("data_directory")).to_contain_text("SANDLOT_DATA_DIRECTORY")
        expect(self.setting("data_directory").get_by_role("textbox")).to_be_disabled()
        self.shot("settings")

    def test_a_secret_goes_in_and_never_comes_out(self) -> None:
        bodies: list[str] = []
        self.page.on("response", lambda answer: bodies.append(answer.url + " " + str(answer.status)))
        page = self.go("settings/secrets")
        page.get_by_role("button", name="Add secret").click()
        page.get_by_label("Name").fill("cloud-key")
        page.get_by_label("Value").fill("planted-value")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        row = page.get_by_role("row", name="cloud-key")
        expect(row).to_be_visible()
        self.assertNotIn("planted-value", page.content())
        self.assertIn("cloud-key", self.server.run("secret", "list"))
        row.get_by_role("button", name="Remove cloud-key").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_text("No secret", exact=True)).to_be_visible()

    def test_a_key_of_a_remote_backend_is_stored_and_only_known_to_be_set(self) -> None:
        for backend, key in [("daytona", "api_key"), ("vercel", "token")]:
            with self.subTest(backend=backend):
                self.store_key(backend, key)

    def store_key(self, backend: str, key: str) -> None:
        planted = f"planted-{backend}-key"
        page = self.go(f"settings/backends/{backend}")
        row = self.setting(f"backends.{backend}.{key}")
        state = page.locator(".backend-head .pill.outline").first
        expect(row).to_contain_text("is not set")
        expect(state).to_have_text("not configured")
        row.get_by_role("button", name="Replace").click()
        page.get_by_label("New value").fill(planted)
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(row).to_contain_text("is set")
        expect(state).to_have_text("configured")
        self.shot(f"remote-{backend}")
        self.assertNotIn(planted, page.content())
        self.assertNotIn(planted, self.server.run("config", "show", "--json"))
        for file in [*self.server.directory.glob("config/**/*"), *self.server.directory.glob("data/**/*")]:
            with contextlib.suppress(OSError):
                self.assertNotIn(planted.encode(), file.read_bytes(), file)
        row.get_by_role("button", name="Back to default").click()
        expect(row).to_contain_text("is not set")
        self.server.run("secret", "rm", f"{backend}-{key}")

    def test_a_token_is_shown_once_and_revoked(self) -> None:
        page = self.go("settings/tokens")
        page.get_by_role("button", name="Create token").click()
        page.get_by_label("What it is for").fill("a robot")
        page.get_by_label("What it may do").select_option("read")
        page.get_by_role("dialog").get_by_role("button", name="Create token").click()
        credential = page.locator(".credential").inner_text()
        headers = {"Authorization": f"Bearer {credential}"}
        page.get_by_role("button", name="Done").click()
        row = page.get_by_role("row", name="a robot")
        expect(row).to_contain_text("read")
        self.assertNotIn(credential, page.content())
        anonymous = self.world.browser.new_context()
        self.assertEqual(anonymous.request.get(f"{self.server.url}/v1/sessions", headers=headers).status, 200)
        row.get_by_role("button", name="Revoke").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(page.get_by_role("row", name="a robot")).to_have_count(0)
        self.assertEqual(anonymous.request.get(f"{self.server.url}/v1/sessions", headers=headers).status, 401)
        anonymous.close()

    def test_the_doctor_tells_what_is_there(self) -> None:
        page = self.go("settings/doctor")
        expect(page.locator(".findings li.good").first).to_be_visible()
        self.shot("doctor")

    def test_a_session_without_a_sandbox_is_turned_off_only_where_that_is_allowed(self) -> None:
        answer = self.context.request.post(
            f"{self.server.url}/v1/sessions", data={"name": "undecided", "prepare": False}, headers={"Origin": self.server.url})
        self.assertTrue(answer.ok, answer.text())
        page = self.go("sessions/undecided")
        expect(page.locator(".facts")).to_contain_text("Sandboxon")
        page.get_by_role("button", name="Turn sandbox off").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("everything that the server's user can")
        dialog.get_by_role("button", name="Turn sandbox off").click()
        # Nobody enabled commands outside of a sandbox on this server.
        expect(dialog.get_by_role("alert")).to_be_visible()
        dialog.get_by_role("button", name="Cancel").click()
        expect(page.locator(".facts")).to_contain_text("Sandboxon")

    def test_a_session_moves_to_another_backend_with_its_files(self) -> None:
        page = self.go("settings/general")
        floor = self.setting("isolation_floor")
        floor.get_by_role("combobox").select_option("process")
        floor.get_by_role("button", name="Save").click()
        expect(self.setting("isolation_floor")).to_contain_text("from the file")
        self.addCleanup(self.server.run, "config", "unset", "isolation_floor")
        self.open_session("mover", "--backend", "bubblewrap")
        self.go("sessions/mover")
        self.type_command("echo carried >file")
        expect(self.block().locator(".pill.good")).to_be_visible()
        page.get_by_role("button", name="Switch backend").click()
        page.get_by_role("dialog").get_by_label("Backend").select_option("restricted-host")
        page.get_by_role("dialog").get_by_role("button", name="Switch backend").click()
        expect(page.locator(".facts")).to_contain_text("restricted-host")
        self.type_command("cat file")
        expect(self.block().locator(".row")).to_have_text("carried")
        self.shot("switched")

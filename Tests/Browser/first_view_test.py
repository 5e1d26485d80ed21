"""What a new user sees first, and what the server says of itself."""

from playwright.sync_api import expect

from page_case import PageCase


class FirstViewTest(PageCase):
    def test_a_server_where_nothing_was_opened_yet_says_what_works_here(self) -> None:
        self.page.route("**/v1/sessions?**", lambda route: route.fulfill(json={"sessions": []}))
        page = self.go("sessions")
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        expect(page.locator(".welcome .box.good")).to_contain_text("bubblewrap")
        # What the doctor found is there for those who want more.
        page.get_by_text("could be better here").click()
        expect(page.locator(".welcome .findings li").first).to_be_visible()
        self.shot("welcome")
        page.locator(".welcome").get_by_role("button", name="Open session").click()
        expect(page.get_by_role("dialog")).to_be_visible()

    def test_nothing_that_isolates_is_told_first(self) -> None:
        self.page.route("**/v1/sessions?**", lambda route: route.fulfill(json={"sessions": []}))
        self.page.route("**/v1/backends?**", lambda route: route.fulfill(json={"backends": []}))
        page = self.go("sessions")
        expect(page.locator(".welcome .box.bad")).to_contain_text("Nothing can isolate")
        expect(page.locator(".welcome .findings li").first).to_be_visible()

    def test_the_server_says_what_it_is(self) -> None:
        page = self.go("settings/about")
        expect(page.locator(".details")).to_contain_text(self.server.run("version").split()[-1].strip("()"))
        expect(page.locator(".details")).to_contain_text("xterm.js")
        answer = self.context.request.get(self.server.url + page.get_by_role("link", name="/v1/openapi.json").get_attribute("href"))
        self.assertIn("/v1/sessions/{session}/usage", answer.json()["paths"])
        self.shot("about")

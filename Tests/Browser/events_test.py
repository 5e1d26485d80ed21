from playwright.sync_api import expect

from page_case import PageCase


class EventsTest(PageCase):
    def test_what_happens_is_told_as_it_happens_and_who_asked(self) -> None:
        page = self.go("events")
        expect(page.locator(".timeline li").first).to_be_visible()
        session = self.open_session("told")
        opened = page.locator(".timeline li", has_text=session)
        expect(opened.filter(has_text="Session opened")).to_be_visible()
        # A change that this browser asks for is told with who asked.
        answer = self.context.request.post(
            f"{self.server.url}/v1/sessions/told/execs", data={"shell": "exit 3", "mode": "wait"}, headers={"Origin": self.server.url})
        self.assertTrue(answer.ok)
        asked = opened.filter(has_text="Change asked for").first
        expect(asked).to_contain_text("startExec")
        expect(opened.filter(has_text="Command ended").first).to_contain_text("3")
        self.shot("events")

        # The session's own timeline has what was done, and not who asked.
        self.go("sessions/told/events")
        expect(page.locator(".timeline li", has_text="Command ended")).to_have_count(1)
        expect(page.locator(".timeline li", has_text="Change asked for")).to_have_count(0)
        self.server.run("session", "exec", "told", "--", "true")
        expect(page.locator(".timeline li", has_text="Command ended")).to_have_count(2)

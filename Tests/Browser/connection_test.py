import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from page_case import PageCase


class ConnectionTest(PageCase):
    def test_the_page_goes_on_by_itself_when_the_server_is_back(self) -> None:
        self.open_session("lasting")
        self.go("sessions/lasting")
        self.type_command("echo before; until [ -e go ]; do sleep 0.1; done; echo after")
        expect(self.block().locator(".row")).to_have_text("before")
        self.server.stop()
        try:
            expect(self.page.locator(".banner")).to_contain_text("Connection lost")
            self.shot("offline")
        finally:
            self.server.start(str(urlsplit(self.server.url).port))
        expect(self.page.locator(".banner")).to_be_hidden()
        self.server.run("session", "exec", "lasting", "--", "touch", "go")
        expect(self.block(0).locator(".pill.good")).to_be_visible()
        expect(self.block(0).locator(".row")).to_have_text(["before", "after"])

    def test_a_slow_answer_shows_that_it_is_awaited_and_a_failing_one_why(self) -> None:
        def fail(route) -> None:
            body = '{"error": {"code": "unavailable", "message": "the store is locked", "remedy": "wait a moment"}}'
            route.fulfill(status=503, content_type="application/json", body=body)

        self.page.route("**/v1/backends**", fail)
        page = self.go("settings/backends")
        expect(page.get_by_role("alert")).to_contain_text("the store is locked")
        expect(page.get_by_role("alert")).to_contain_text("wait a moment")
        held = []
        self.page.unroute("**/v1/backends**")
        self.page.route("**/v1/backends**", lambda route: held.append(route))
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("Loading…")).to_be_visible()
        for route in held:
            route.continue_()
        expect(page.locator("[data-backend='bubblewrap']")).to_be_visible()

    def test_every_view_says_why_it_cannot_show_anything_and_asks_again(self) -> None:
        project = self.server.directory / "failing"
        project.mkdir()
        self.open_session("failing", "--sync", str(project))
        body = '{"error": {"code": "unavailable", "message": "the store is locked", "remedy": "wait a moment"}}'
        session = "sessions/failing"
        for place, asked in [
            ("sessions", "sessions?"), ("terminals", "backends?"), ("events", "events?follow=false"), (session, "execs?"),
            (f"{session}/terminal", "execs?"), (f"{session}/files", "files/list?"), (f"{session}/changes", "diff?"),
            (f"{session}/events", "events?follow=false"), ("settings/backends", "backends?"), ("settings/backends/bubblewrap", "settings"),
            ("settings/sandboxes", "sessions?"), ("settings/images", "images?"), ("settings/general", "settings"),
            ("settings/secrets", "secrets"), ("settings/tokens", "tokens"), ("settings/doctor", "doctor"), ("settings/about", "usage"),
        ]:
            with self.subTest(place=place):
                failing = re.compile("/v1/.*" + re.escape(asked))
                self.page.route(failing, lambda route: route.fulfill(status=503, content_type="application/json", body=body))
                page = self.go(place)
                alert = page.get_by_role("main").get_by_role("alert").filter(has_text="the store is locked")
                expect(alert).to_contain_text("wait a moment")
                self.page.unroute(failing)
                alert.get_by_role("button", name="Try again").click()
                expect(alert).to_have_count(0)

    def test_a_slow_network_is_borne_and_a_failing_one_is_told(self) -> None:
        self.open_session("far")
        network = self.context.new_cdp_session(self.page)
        network.send("Network.enable")
        slow = {"offline": False, "latency": 150, "downloadThroughput": 60_000, "uploadThroughput": 20_000}
        network.send("Network.emulateNetworkConditions", slow)
        page = self.go("sessions/far")
        expect(page.get_by_role("heading", name="far")).to_be_visible()
        self.type_command("echo from afar; until [ -e go ]; do sleep 0.1; done; echo and back")
        expect(self.block().locator(".row")).to_have_text("from afar")
        network.send("Network.emulateNetworkConditions", slow | {"offline": True})
        expect(page.locator(".banner")).to_contain_text("Connection lost")
        # What was typed is not lost, and what failed is said.
        self.type_command("echo lost")
        expect(page.locator(".notice.bad")).to_contain_text("does not answer")
        expect(page.get_by_role("textbox", name="Command")).to_have_value("echo lost")
        self.go("sessions/far/files")
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        network.send("Network.emulateNetworkConditions", slow)
        self.server.run("session", "exec", "far", "--", "touch", "go")
        expect(page.locator(".banner")).to_be_hidden()
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("link", name="go", exact=True)).to_be_visible()
        self.go("sessions/far")
        expect(self.block(0).locator(".row")).to_have_text(["from afar", "and back"])

    def test_a_place_that_is_not_there_says_so(self) -> None:
        page = self.go("sessions/ses-nowhere")
        expect(page.get_by_role("heading", name="No such session")).to_be_visible()

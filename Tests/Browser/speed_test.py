"""How much the page asks of a browser. Times are the main thread's own processor time: how busy the machine is says nothing of the page."""

import json

from playwright.sync_api import expect

from page_case import PageCase

MEGABYTE = 1_000_000


class SpeedTest(PageCase):
    def test_the_first_view_is_there_with_little_work(self) -> None:
        self.open_session("first")
        session = self.context.new_cdp_session(self.page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        session.send("Network.enable")
        sizes: list[int] = []
        session.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
        self.go("sessions")
        expect(self.page.get_by_role("main").get_by_role("link", name="first", exact=True)).to_be_visible()
        expect(self.page.locator(".view-head").get_by_role("button", name="Open session")).to_be_enabled()
        found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        self.assertLess(found["TaskDuration"], 1.0, found)
        self.assertLess(sum(sizes), MEGABYTE, sizes)
        self.assertGreater(len(sizes), 3)
        self.assertEqual(self.page.locator("script[src*='terminal-']").count(), 0)

    def test_a_hundred_megabytes_of_output_leave_the_page_free(self) -> None:
        self.open_session("flood")
        self.go("sessions/flood")
        expect(self.page.get_by_role("textbox", name="Command")).to_be_visible()
        line = "0123456789abcdef" * 6 + "xyz"
        self.world.browser.start_tracing(page=self.page, categories=["toplevel"])
        # Two at once: of one command no more than 64 MiB are kept.
        for _ in range(2):
            self.type_command(f"yes {line} | head -c {50 * MEGABYTE}; echo; echo the end")
        try:
            for number in range(2):
                expect(self.block(number).locator(".row").last).to_have_text("the end", timeout=60_000)
        finally:
            trace = json.loads(self.world.browser.stop_tracing())
        events = trace["traceEvents"]
        main = {(one["pid"], one["tid"]) for one in events if one.get("name") == "thread_name" and one["args"]["name"] == "CrRendererMain"}
        tasks = [one for one in events if (one["pid"], one["tid"]) in main and one.get("name") == "ThreadControllerImpl::RunTask"]
        busy = sorted((one["tdur"] for one in tasks if "tdur" in one), reverse=True)
        self.assertGreater(len(busy), 1000, "the browser told no times")
        # In microseconds of the thread's own.
        self.assertLess(busy[0], 100_000, busy[:10])
        self.assertLess(self.block().locator(".row").count(), 100)
        expect(self.block()).to_contain_text("earlier lines are not shown")

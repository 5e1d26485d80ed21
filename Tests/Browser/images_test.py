"""The images' view with answers of the API's shapes: what builds images is not on every machine that runs these tests."""

import json
import re

from playwright.sync_api import expect

from page_case import PageCase

IMAGE = {
    "reference": "sandlot-image:5f2c", "backend": "engine", "id": "sha256:1", "packages": ["jq", "ripgrep"], "size": 98_000_000,
    "users": 0, "ours": True, "lastUsedAt": 1_700_000_000_000,
}
SETS = [{"name": "core", "summary": "what a shell needs", "packages": ["bash", "curl"]}]


def build(state: str, **more) -> dict:
    return {"id": "bld-1", "state": state, "spec": {"packages": ["jq"]}, "lines": 0, "startedAt": 1_700_000_000_000} | more


class ImagesTest(PageCase):
    def setUp(self) -> None:
        super().setUp()
        self.images = [IMAGE]
        self.asked: list[tuple[str, str, str | None]] = []
        self.log = '{"type":"log","line":1,"text":"fetching \\u001b[32mjq\\u001b[0m"}\n{"type":"log","line":2,"text":"<b>done</b>"}\n'
        self.page.route(re.compile(r"/v1/images"), self.answer)

    def answer(self, route) -> None:
        request = route.request
        path = request.url.split("/v1/images", 1)[1].split("?")[0]
        self.asked.append((request.method, path, request.post_data))
        if request.method == "DELETE":
            self.images = []
            return route.fulfill(json={"removedFrom": ["engine"]})
        if path.endswith("/events"):
            ended = json.dumps({"type": "ended", "build": build("finished", reference="sandlot-image:77", built=True, endedAt=1_700_000_004_000)})
            return route.fulfill(content_type="application/x-ndjson", body=self.log + ended + "\n")
        if path == "/builds":
            body = build("running") if request.method == "POST" else {"builds": []}
            return route.fulfill(status=201 if request.method == "POST" else 200, json=body)
        if path == "/check":
            entries = [{"name": "jq", "packages": ["jq"], "verdict": "missing"}, {"name": "sed", "packages": ["sed"], "verdict": "installed"}]
            return route.fulfill(json={"base": "debian", "distribution": "Debian", "packageManager": "apt", "entries": entries})
        if path == "/prune":
            dry = json.loads(request.post_data)["dryRun"]
            return route.fulfill(json={"removed": self.images, "bytes": 98_000_000, "dryRun": dry, "problems": []})
        stores = [{"backend": "engine", "usage": {"images": 3, "imageBytes": 300_000_000, "ours": 1, "reclaimableBytes": 98_000_000}}]
        return route.fulfill(
            json={"images": self.images, "saved": [], "defaults": [], "sets": SETS, "stores": stores, "problems": []})

    def test_an_image_is_checked_built_with_its_log_and_removed(self) -> None:
        page = self.go("settings/images")
        expect(page.get_by_role("row", name="sandlot-image:5f2c")).to_contain_text("jq ripgrep")
        expect(page.get_by_text("@core")).to_be_visible()
        page.get_by_role("button", name="Build image").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Packages").fill("jq sed")
        dialog.get_by_role("button", name="Check packages").click()
        expect(dialog).to_contain_text("will be installed")
        dialog.get_by_role("button", name="Build image").click()
        sent = next(json.loads(body) for method, path, body in self.asked if (method, path) == ("POST", "/builds"))
        self.assertEqual(sent, {"packages": ["jq", "sed"]})
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".builds .pill.good")).to_contain_text("built after 4 s")
        expect(page.locator(".builds .row")).to_have_text(["fetching jq", "<b>done</b>"])
        expect(page.locator(".builds .fg2")).to_have_text("jq")
        page.get_by_role("button", name="Remove sandlot-image:5f2c").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_text("No built image")).to_be_visible()

    def test_an_image_is_picked_among_those_that_can_be_used(self) -> None:
        self.open_session("picker")
        page = self.go("sessions/picker")
        page.get_by_role("button", name="Switch backend").click()
        dialog = page.get_by_role("dialog")
        field = dialog.get_by_role("combobox", name="Image")
        field.fill("jq")
        option = dialog.get_by_role("listbox").get_by_role("option")
        expect(option).to_have_count(1)
        # Grey, with the reason, and not to be chosen.
        expect(option).to_have_attribute("aria-disabled", "true")
        expect(option).to_contain_text("built for engine")
        field.press("ArrowDown")
        field.press("Enter")
        self.assertEqual(field.input_value(), "jq")
        field.fill("")
        expect(option.filter(has_text="@core")).to_be_visible()
        self.shot("image-picker")
        field.press("Escape")
        expect(option).to_have_count(0)
        expect(dialog).to_be_visible()

    def test_what_pruning_removes_is_said_before(self) -> None:
        page = self.go("settings/images")
        page.get_by_role("button", name="Remove unused").click()
        expect(page.get_by_role("dialog")).to_contain_text("1 image")
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        self.assertEqual([json.loads(body)["dryRun"] for _, path, body in self.asked if path == "/prune"], [True])
        self.shot("images")

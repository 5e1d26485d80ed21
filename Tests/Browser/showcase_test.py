from playwright.sync_api import expect

from page_case import PageCase


class ShowcaseTest(PageCase):
    """The picture in the README: what a day's work looks like. Copy it to docs/images when the page has changed."""

    size = {"width": 1280, "height": 780}

    def test_a_day_of_work(self) -> None:
        for name in ["docs-site", "data-import", "parser"]:
            self.open_session(name)
        self.put("src/words.py", "def words(text):\n    return text.split()\n")
        green, red, dim, bold, off = "\\033[32m", "\\033[31m", "\\033[2m", "\\033[1m", "\\033[0m"
        report = "\\n".join([
            f"{bold}tests/words{off}", f"  {green}ok{off}    splits at blanks {dim}(2 ms){off}",
            f"  {green}ok{off}    keeps the order {dim}(1 ms){off}", f"  {red}fail{off}  drops commas {dim}(3 ms){off}"])
        self.put("check.sh", f"printf '{report}\\n'\necho 'one test failed' >&2\nexit 1\n")
        self.go("sessions/parser")
        self.type_command("ls -l --color=always; cat src/words.py")
        expect(self.block(0).locator(".pill.good")).to_be_visible()
        self.type_command("python3 -c 'from src.words import words; assert words(\"a, b\") == [\"a\", \"b\"]'")
        expect(self.block(1).locator(".pill.bad")).to_be_visible()
        self.type_command("sh check.sh")
        expect(self.block(2).locator(".row.error")).to_be_visible()
        self.type_command("for step in fetch compile link test; do echo \"$step …\"; sleep 0.2; done; exec sleep 600")
        expect(self.block(3).locator(".row").last).to_have_text("test …")
        self.shot("showcase")
        self.block(3).get_by_role("button", name="Stop").click()
        expect(self.block(3).get_by_text("stopped")).to_be_visible()

    def put(self, path: str, text: str) -> None:
        address = f"{self.server.url}/v1/sessions/parser/files/content?parents=true&path={path}"
        self.assertTrue(self.context.request.put(address, data=text.encode(), headers={"Origin": self.server.url}).ok)

from playwright.sync_api import expect

from hostile_test import MARKUP
from page_case import PageCase

TEXT = "".join(f"line {number}\n" for number in range(20))


class ChangesTest(PageCase):
    """A real directory, a real sandbox that works on a copy of it, and a person who decides what comes back."""

    def setUp(self) -> None:
        super().setUp()
        self.project = self.server.directory / f"project-{self._testMethodName}"
        self.project.mkdir()

    def tearDown(self) -> None:
        if not self.page.is_closed():
            self.assertIsNone(self.page.evaluate("window.reached ?? null"))
        super().tearDown()

    def inside(self, session: str, script: str) -> str:
        return self.server.run("session", "exec", session, "--", "sh", "-c", script)

    def press(self, name: str) -> None:
        self.page.get_by_role("dialog").get_by_role("button", name=name).click()
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    def conflict(self, path: str):
        return self.page.get_by_role("article", name=path, exact=True)

    def test_changes_come_back_and_a_conflict_is_settled(self) -> None:
        text = self.project / "text.txt"
        text.write_text(TEXT)
        self.open_session("changes", "--sync", str(self.project), "--sync-merge")
        name = MARKUP.replace("/", ":")
        self.inside("changes", f"cat >write.sh <<'END'\necho mine >'{name}'\nEND\nsh write.sh && rm write.sh")
        self.inside("changes", "sed -i 's/^line 5$/inside/' text.txt")
        text.write_text(TEXT.replace("line 5\n", "outside\n"))
        (self.project / "host.txt").write_text("from the host")

        page = self.go("sessions/changes/changes")
        table = page.get_by_role("table", name="Changed in the sandbox")
        expect(table.get_by_role("rowheader", name=name, exact=True)).to_be_visible()
        expect(page.get_by_role("table", name="Changed on the host")).to_contain_text("host.txt")
        expect(page.get_by_text("1 path was changed on both sides")).to_be_visible()

        page.get_by_role("button", name="Pull to host").click()
        expect(page.get_by_role("dialog")).to_contain_text("Pull 1 change?")
        expect(page.get_by_role("dialog")).to_contain_text(name)
        self.assertEqual(text.read_text(), TEXT.replace("line 5\n", "outside\n"))
        self.press("Pull to host")
        self.assertEqual((self.project / name).read_text(), "mine\n")

        card = self.conflict("text.txt")
        expect(card).to_contain_text("Host")
        card.get_by_text("Difference").click()
        expect(card.locator(".diff .old")).to_have_text("- outside")
        expect(card.locator(".diff .new")).to_have_text("+ inside")
        self.shot("changes")
        with page.expect_download() as download:
            card.get_by_role("link", name="Download text.txt.base").click()
        self.assertEqual(download.value.path().read_text(), TEXT)

        # Both changed the same line: that cannot be merged, and nothing is changed.
        card.get_by_role("button", name="Merge").click()
        page.get_by_role("dialog").get_by_role("button", name="Merge").click()
        expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("touch")
        self.press("Cancel")
        text.write_text(TEXT.replace("line 15\n", "outside\n"))
        card.get_by_role("button", name="Merge").click()
        self.press("Merge")
        expect(card).to_have_count(0)
        self.assertEqual(text.read_text(), TEXT.replace("line 5\n", "inside\n").replace("line 15\n", "outside\n"))

        # What is said while it goes on is gone when it is over.
        page.evaluate(
            """() => new MutationObserver((all) => {
                const said = all.flatMap((one) => [...one.addedNodes]).map((one) => one.textContent)
                window.said = (window.said ?? []).concat(said)
            }).observe(document.body, {childList: true, subtree: true})""")
        page.get_by_role("button", name="Push to sandbox").click()
        expect(page.get_by_role("dialog")).to_contain_text("Push 2 changes?")
        self.press("Push to sandbox")
        self.assertTrue(any(" B, 100%" in one for one in page.evaluate("window.said")), page.evaluate("window.said"))
        expect(page.get_by_text("Both sides are the same")).to_be_visible()
        self.assertEqual(self.inside("changes", "cat host.txt"), "from the host")
        self.assertEqual(self.inside("changes", "cat text.txt"), text.read_text())
        self.assertEqual(page.locator("main img, main script").count(), 0)

    def test_either_side_can_be_taken_also_of_a_name_that_is_markup(self) -> None:
        name = MARKUP.replace("/", ":")
        for path in [name, "other.txt"]:
            (self.project / path).write_text("before\n")
        self.open_session("sides", "--sync", str(self.project))
        self.inside("sides", "for one in *; do echo '<b>inside</b>' >\"$one\"; done")
        for path in [name, "other.txt"]:
            (self.project / path).write_text("outside\n")
        page = self.go("sessions/sides/changes")
        expect(page.get_by_text("2 paths were changed on both sides")).to_be_visible()
        page.get_by_role("button", name="Pull to host").click()
        self.press("Pull to host")
        odd = self.conflict(name)
        odd.get_by_text("Difference").click()
        expect(odd.locator(".diff .new")).to_have_text("+ <b>inside</b>")
        expect(odd.get_by_role("button", name="Merge")).to_have_count(0)
        odd.get_by_role("button", name="Take sandbox").click()
        expect(page.get_by_role("dialog")).to_contain_text("is lost")
        self.shot("conflict")
        self.press("Take sandbox")
        expect(odd).to_have_count(0)
        self.assertEqual((self.project / name).read_text(), "<b>inside</b>\n")
        self.conflict("other.txt").get_by_role("button", name="Take host").click()
        self.press("Take host")
        expect(page.locator(".conflict")).to_have_count(0)
        self.assertEqual((self.project / "other.txt").read_text(), "outside\n")
        self.assertEqual(self.server.run("session", "conflicts", "list", "sides"), "")
        self.assertEqual(page.locator("main img, main script, main b").count(), 0)

import re

from playwright.sync_api import expect

from page_case import PageCase


class TerminalTest(PageCase):
    def screen(self):
        return self.page.locator(".xterm-rows:visible")

    def test_a_terminal_is_used_resized_and_taken_up_again(self) -> None:
        self.open_session("shell")
        self.go("sessions/shell/terminal")
        self.page.get_by_role("button", name="New terminal").first.click()
        expect(self.screen()).to_contain_text("$")
        self.page.keyboard.type("echo $((6 * 7)) and $(stty size)\n")
        expect(self.screen()).to_contain_text(re.compile(r"42 and \d+ \d+"))
        before = self.screen().inner_text().split("42 and ")[1].split()[:2]
        self.page.set_viewport_size({"width": 900, "height": 600})
        # The size is told when it has changed: the shell is asked until it knows.
        self.page.keyboard.type("until [ \"$(stty size)\" != '" + " ".join(before) + "' ]; do sleep 0.1; done; echo resized $((1 + 1))\n")
        expect(self.screen()).to_contain_text("resized 2")
        self.shot("terminal")
        self.page.reload()
        expect(self.screen()).to_contain_text("resized 2")
        self.page.keyboard.type("echo still $((3 + 4))\n")
        expect(self.screen()).to_contain_text("still 7")
        self.page.get_by_role("button", name="New terminal").click()
        expect(self.page.get_by_role("tab")).to_have_count(2)
        self.page.get_by_role("tab").first.click()
        expect(self.screen()).to_contain_text("still 7")
        self.page.locator(".xterm-screen:visible").click()
        self.page.keyboard.type("exit 5\n")
        expect(self.page.get_by_text("The shell has ended. exited with 5")).to_be_visible()

    def test_what_a_terminal_printed_is_found_again(self) -> None:
        self.open_session("search")
        self.go("sessions/search/terminal")
        self.page.get_by_role("button", name="New terminal").first.click()
        expect(self.screen()).to_contain_text("$")
        self.page.keyboard.type("for i in $(seq 300); do echo line $i of many; done; echo all $((1 + 1))\n")
        expect(self.screen()).to_contain_text("all 2")
        expect(self.screen()).not_to_contain_text("line 7 of many")
        self.page.keyboard.press("Control+Shift+F")
        field = self.page.get_by_label("Find in the terminal", exact=True)
        field.fill("LINE 7 OF")
        expect(self.page.get_by_text("1 of 1")).to_be_visible()
        expect(self.screen()).to_contain_text("line 7 of many")
        self.shot("terminal-search")
        field.fill("of many")
        # The command itself says it once.
        expect(self.page.get_by_text("301 of 301")).to_be_visible()
        field.press("Enter")
        expect(self.page.get_by_text("300 of 301")).to_be_visible()
        field.fill("nothing such")
        expect(self.page.get_by_text("not found")).to_be_visible()
        field.press("Escape")
        self.page.keyboard.type("echo back $((40 + 2))\n")
        expect(self.screen()).to_contain_text("back 42")
        self.page.keyboard.type("clear; printf '\\033[38;2;200;30;40mcolour\\033[0m\\n'\n")
        expect(self.screen().locator("span", has_text=re.compile("^colour$"))).to_have_css("color", "rgb(200, 30, 40)")

    def test_what_stands_behind_wide_characters_is_found_and_copied(self) -> None:
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.open_session("wide")
        self.go("sessions/wide/terminal")
        self.page.get_by_role("button", name="New terminal").first.click()
        expect(self.screen()).to_contain_text("$")
        self.page.keyboard.type("export LC_ALL=C.UTF-8; clear; printf '\\346\\274\\242\\345\\255\\227 needle \\360\\237\\231\\202 after\\n'\n")
        expect(self.screen()).to_contain_text("漢字 needle")
        for wanted in ["needle", "漢字 n", "after"]:
            self.page.keyboard.press("Control+Shift+F")
            self.page.get_by_label("Find in the terminal", exact=True).fill(wanted)
            expect(self.page.get_by_text("1 of 1")).to_be_visible()
            # What is selected is exactly what was looked for.
            self.page.locator(".xterm-helper-textarea:visible, .xterm-helper-textarea").first.focus()
            self.page.keyboard.press("Control+Shift+C")
            self.page.wait_for_function("wanted => navigator.clipboard.readText().then(text => text === wanted)", arg=wanted)

    def test_text_is_pasted_and_a_link_is_followed_only_on_demand(self) -> None:
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.open_session("links")
        self.go("sessions/links/terminal")
        self.page.get_by_role("button", name="New terminal").first.click()
        expect(self.screen()).to_contain_text("$")
        self.page.evaluate("navigator.clipboard.writeText('echo pasted $((40 + 2))')")
        self.page.keyboard.press("Control+Shift+V")
        expect(self.screen()).to_contain_text("echo pasted")
        self.page.keyboard.press("Enter")
        expect(self.screen()).to_contain_text("pasted 42")
        address = f"{self.server.url}/v1/health"
        self.page.keyboard.type(f"clear; echo {address}\n")
        link = self.screen().locator("span", has_text=re.compile(f"^{re.escape(address)}"))
        expect(link.first).to_be_visible()
        box = link.last.bounding_box()
        place = (box["x"] + 40, box["y"] + box["height"] / 2)
        self.page.mouse.move(*place)
        self.page.mouse.click(*place)
        self.assertEqual(len(self.context.pages), 1)
        self.page.keyboard.down("Control")
        with self.context.expect_page() as opened:
            self.page.mouse.click(*place)
        self.page.keyboard.up("Control")
        expect(opened.value.locator("body")).to_contain_text("ok")
        self.assertEqual(opened.value.evaluate("window.opener"), None)

    def test_a_terminal_is_opened_in_any_running_sandbox(self) -> None:
        for name in ["target-one", "target-two"]:
            self.open_session(name)
        page = self.go("terminals")
        picker = page.get_by_label("Where a new terminal runs")
        expect(picker.locator("option", has_text="This machine")).to_be_disabled()
        for name in ["target-one", "target-two"]:
            picker.select_option(label=f"{name} · bubblewrap")
            page.get_by_role("button", name="New terminal").last.click()
            expect(page.get_by_role("tab", selected=True)).to_have_text(re.compile(f"^{name} "))
            expect(self.screen()).to_contain_text("$")
            page.keyboard.type(f"echo {name} >where; echo written\n")
            expect(self.screen()).to_contain_text("written\n")
            self.assertEqual(self.server.run("session", "exec", name, "--", "cat", "where"), f"{name}\n")
        self.shot("terminals")
        page.get_by_role("tab", name=re.compile("^target-one ")).click()
        expect(self.screen()).to_contain_text("target-one")

    def test_a_page_without_xterm_shows_plain_text(self) -> None:
        self.open_session("plain")
        self.page.route("**/assets/terminal-*.js", lambda route: route.abort())
        self.go("sessions/plain/terminal")
        self.page.get_by_role("button", name="New terminal").first.click()
        line = self.page.get_by_label("Line to send")
        expect(self.page.get_by_role("log")).to_contain_text("$")
        line.fill("echo $((40 + 2)) plain")
        line.press("Enter")
        expect(self.page.get_by_role("log")).to_contain_text("42 plain")

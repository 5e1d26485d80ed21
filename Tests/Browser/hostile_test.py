from playwright.sync_api import expect

from page_case import PageCase

MARKUP = "<img src=x onerror=\"window.reached=1\"><script>window.reached=1</script>"


class HostileTest(PageCase):
    """A sandbox that wants more than to be looked at."""

    def tearDown(self) -> None:
        if not self.page.is_closed():
            self.assertIsNone(self.page.evaluate("window.reached ?? null"))
        super().tearDown()

    def test_names_output_and_titles_stay_text(self) -> None:
        self.open_session("hostile")
        name = MARKUP.replace("/", ":")
        script = (
            "cat >write.sh <<'END'\n"
            f"touch '{name}' \"$(printf 'bytes-\\377-\\033[31m')\"\n"
            f"printf '%s\\n' '{MARKUP}'\n"
            f"printf '\\033]0;{name}\\007\\033]8;;javascript:window.reached=1\\033\\\\click\\033]8;;\\033\\\\\\n'\n"
            "printf '\\033]52;c;aGVsbG8=\\007\\033[2J\\033[1000A\\033[?1049hover\\n'\nEND\nsh write.sh")
        self.go("sessions/hostile")
        self.type_command(script)
        expect(self.block().locator(".pill.good")).to_be_visible()
        expect(self.block().locator(".row").first).to_have_text(MARKUP)
        expect(self.block().locator(".row").nth(1)).to_have_text("click")
        self.assertEqual(self.page.title(), "hostile · Sandlot")
        self.assertEqual(self.page.locator("main img, main script").count(), 0)

        self.go("sessions/hostile/files")
        link = self.page.get_by_role("link", name=name, exact=True)
        expect(link).to_be_visible()
        self.assertEqual(self.page.locator("main img, main script").count(), 0)
        link.click()
        expect(self.page.get_by_role("heading", name=name)).to_be_visible()
        self.go("sessions/hostile/files")
        odd = self.page.get_by_role("link", name="bytes-", exact=False).first
        odd.click()
        expect(self.page.get_by_role("textbox", name="Content of bytes-")).to_have_value("")
        self.shot("hostile-files")

        self.go("sessions")
        expect(self.page.locator(".last-command code").first).to_contain_text("cat >write.sh")
        self.go("events")
        expect(self.page.locator(".timeline li").first).to_be_visible()
        self.assertEqual(self.page.locator("main img, main script").count(), 0)

    def test_a_terminal_cannot_reach_the_page(self) -> None:
        self.open_session("hostile-terminal")
        self.go("sessions/hostile-terminal/terminal")
        self.page.get_by_role("button", name="New terminal").first.click()
        rows = self.page.locator(".xterm-rows:visible")
        expect(rows).to_contain_text("$")
        self.page.keyboard.type(
            "printf '\\033]0;owned\\007\\033]52;c;aGVsbG8=\\007<b>bold</b> \\033]8;;javascript:window.reached=1\\033\\\\link\\033]8;;\\033\\\\ %s\\n' done\n")
        expect(rows).to_contain_text("<b>bold</b> link done")
        self.assertEqual(self.page.locator(".xterm b").count(), 0)
        self.assertEqual(self.page.title(), "hostile-terminal · Sandlot")
        self.page.get_by_text("link done").last.click(modifiers=["Control"], force=True)

    def test_the_policy_stops_what_the_page_does_not_do(self) -> None:
        self.go("sessions")
        expect(self.page.get_by_role("heading", name="Sessions")).to_be_visible()
        stopped = self.page.evaluate(
            """() => {
                const doors = [
                    () => { document.body.innerHTML = '<img src=x onerror="window.reached=1">' },
                    () => { document.body.appendChild(document.createElement('script')).textContent = 'window.reached=1' },
                    () => { document.createElement('iframe').srcdoc = '<script>parent.reached=1</script>' },
                    () => { document.createElement('a').setAttribute('onclick', 'window.reached=1') },
                ]
                return doors.map((door) => { try { door(); return 'open' } catch { return 'stopped' } })
            }""")
        self.assertEqual(stopped, ["stopped"] * 4)
        # Told by the browser, as it should be.
        self.troubles.clear()

from playwright.sync_api import expect

from page_case import PageCase


class FilesTest(PageCase):
    def test_files_are_uploaded_edited_downloaded_and_removed(self) -> None:
        self.open_session("tree")
        page = self.go("sessions/tree/files")
        expect(page.get_by_text("This directory is empty")).to_be_visible()
        payload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": "first line\n".encode()}
        page.get_by_label("Files to upload").set_input_files(payload)
        page.get_by_role("link", name="notes.txt", exact=True).click()
        editor = page.get_by_role("textbox", name="Content of notes.txt")
        expect(editor).to_have_value("first line\n")
        editor.fill("first line\nsecond line\n")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        self.shot("file")
        self.assertEqual(self.server.run("session", "exec", "tree", "--", "cat", "notes.txt"), "first line\nsecond line\n")

        editor.fill("lost")
        page.get_by_role("link", name="Parent directory").click()
        expect(page.get_by_role("dialog")).to_contain_text("lost")
        page.get_by_role("dialog").get_by_role("button", name="Leave").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download notes.txt").click()
        self.assertEqual(download.value.path().read_text(), "first line\nsecond line\n")

        page.get_by_role("button", name="New folder").click()
        page.get_by_label("Name").fill("inner")
        page.get_by_role("button", name="Create").click()
        page.get_by_role("link", name="inner", exact=True).click()
        page.get_by_role("button", name="New file").click()
        page.get_by_label("Name").fill("deep.txt")
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("textbox", name="Content of deep.txt")).to_have_value("")
        page.get_by_role("link", name="Parent directory").click()
        expect(page.get_by_role("link", name="deep.txt", exact=True)).to_be_visible()
        page.get_by_role("link", name="workspace").click()
        self.shot("files")
        page.get_by_role("button", name="Remove notes.txt").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_role("link", name="notes.txt", exact=True)).to_have_count(0)
        self.assertEqual(self.server.run("session", "exec", "tree", "--", "ls"), "inner\n")

    def test_a_directory_is_unfolded_where_it_stands(self) -> None:
        self.open_session("folds")
        self.server.run("session", "exec", "folds", "--", "sh", "-c", "mkdir -p outer/inner outer/none; echo deep >outer/inner/deep.txt; echo last >z.txt")
        page = self.go("sessions/folds/files")
        page.get_by_role("button", name="What is in outer").click()
        page.get_by_role("button", name="What is in inner").click()
        page.get_by_role("button", name="What is in none").click()
        expect(page.get_by_text("This directory is empty")).to_be_visible()
        names = page.locator(".file-name")
        expect(names).to_have_text(["outer", "inner", "deep.txt", "none", "z.txt"])
        self.shot("files-unfolded")
        page.get_by_role("link", name="deep.txt", exact=True).click()
        expect(page.get_by_role("textbox", name="Content of deep.txt")).to_have_value("deep\n")
        page.go_back()
        page.get_by_role("button", name="What is in outer").click()
        page.get_by_role("button", name="What is in inner").click()
        expect(names).to_have_count(5)
        page.get_by_role("button", name="What is in outer").click()
        expect(names).to_have_text(["outer", "z.txt"])

    def test_files_that_are_dropped_are_uploaded_where_they_are_dropped(self) -> None:
        self.open_session("dropped")
        self.server.run("session", "exec", "dropped", "--", "mkdir", "deep")
        page = self.go("sessions/dropped/files?path=deep")
        expect(page.get_by_text("This directory is empty")).to_be_visible()
        files = page.evaluate_handle(
            """() => {
                const files = new DataTransfer()
                files.items.add(new File(['one\\n'], 'one.txt'))
                files.items.add(new File([new Uint8Array([0, 255])], 'two.bin'))
                return files
            }""")
        target = page.locator(".files")
        target.dispatch_event("dragover", {"dataTransfer": files})
        expect(page.get_by_text("Drop to upload")).to_be_visible()
        self.shot("dropping")
        target.dispatch_event("drop", {"dataTransfer": files})
        expect(page.get_by_role("link", name="one.txt", exact=True)).to_be_visible()
        expect(page.get_by_text("2 files uploaded.")).to_be_visible()
        expect(page.get_by_text("Drop to upload")).to_be_hidden()
        self.assertEqual(self.server.run("session", "exec", "dropped", "--", "sh", "-c", "cat deep/one.txt; od -An -tx1 deep/two.bin"), "one\n 00 ff\n")

    def test_what_is_no_text_is_not_offered_for_editing(self) -> None:
        self.open_session("binary")
        self.server.run("session", "exec", "binary", "--", "sh", "-c", "head -c 300 /dev/urandom >blob; printf 'a\\000b' >zero")
        for name in ["blob", "zero"]:
            page = self.go(f"sessions/binary/files?path=&file={name}")
            expect(page.get_by_text("This file is no text")).to_be_visible()

"""The page in front of a real engine: images that are built there, and sessions in its containers. Run by `Scripts/test-containers`."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

from playwright.sync_api import expect

from page_case import PageCase, World

SOCKET = os.environ["SANDLOT_TEST_DOCKER_SOCKET"]
PLAIN = os.environ["SANDLOT_TEST_IMAGE"]
BASE = "localhost/sandlot-test:packages"
# The server finds its engine as Docker's own command does.
os.environ["DOCKER_HOST"] = f"unix://{SOCKET}"

# In the place of a distribution's package manager, which would need a network: a package is a program of its name, and some take for ever.
MANAGER = """#!/bin/sh
for word; do
    case "$word" in add|--*) continue ;; esac
    echo "fetching $word"
    case "$word" in endless*) while :; do sleep 1; done ;; esac
    printf '#!/bin/sh\\necho %s runs\\n' "$word" >"/bin/$word"
    chmod 755 "/bin/$word"
done
"""


def import_base(folder: Path) -> None:
    """The engine's plain image with what makes it look like a distribution."""
    archive = folder / "base.tar"
    archive.write_bytes((Path(SOCKET).parent / "image.tar").read_bytes())
    with tarfile.open(archive, "a") as tar:
        for name, text, mode in [
            ("etc/os-release", "ID=alpine\nVERSION_ID=3.20\n", 0o644), ("lib/apk/db/installed", "P:busybox\n\n", 0o644), ("bin/apk", MANAGER, 0o755),
        ]:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), mode
            tar.addfile(entry, io.BytesIO(text.encode()))
    subprocess.run(
        ["curl", "-sf", "-m", "60", "--unix-socket", SOCKET, "-X", "POST", "-T", archive, "-H", "Content-Type: application/x-tar",
         f"http://engine/v1.40/images/create?fromSrc=-&repo={BASE}"], check=True, stdout=subprocess.DEVNULL)


class ContainersTest(PageCase):
    def setUp(self) -> None:
        is_first = World.current is None
        super().setUp()
        if is_first:
            import_base(self.server.directory)

    def press(self, name: str) -> None:
        self.page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    def begin_build(self, packages: str, name: str = "") -> None:
        self.page.get_by_role("button", name="Build image").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Packages").fill(packages)
        dialog.get_by_label("Base image").fill(BASE)
        dialog.get_by_label("Backend").select_option("docker")
        dialog.get_by_label("Save as").fill(name)

    def build(self, index: int):
        return self.page.locator(".builds .block").nth(index)

    def test_an_image_is_built_with_its_log_and_a_session_starts_from_it(self) -> None:
        page = self.go("settings/images")
        expect(page.get_by_text("No built image")).to_be_visible()
        self.begin_build("jq tree", "mine")
        page.get_by_role("dialog").get_by_role("button", name="Check packages").click()
        expect(page.get_by_role("dialog").get_by_text("will be installed")).to_have_count(2)
        self.press("Build image")
        expect(self.build(0).locator(".row", has_text="fetching jq").first).to_be_visible()
        expect(self.build(0).locator(".pill.good")).to_contain_text("built")
        row = page.get_by_role("row").filter(has_text="jq tree")
        expect(row).to_contain_text("docker")

        # The log comes while the build runs, and only a cancel ends this one.
        self.begin_build("apk:endless")
        self.press("Build image")
        expect(self.build(0).locator(".row", has_text="fetching endless").first).to_be_visible()
        self.shot("building")
        self.build(0).get_by_role("button", name="Cancel").click()
        expect(self.build(0).get_by_text("cancelled", exact=False).first).to_be_visible()

        self.go("sessions")
        page.locator(".view-head").get_by_role("button", name="Open session").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("from-image")
        dialog.get_by_label("Backend").select_option("docker")
        dialog.get_by_role("combobox", name="Image").fill("mine")
        dialog.get_by_role("option", name="@mine").click()
        expect(dialog).to_contain_text("Runs on docker (container): asked for by name")
        self.press("Open session")
        expect(page.get_by_role("heading", name="from-image")).to_be_visible()
        self.type_command("jq; tree")
        expect(self.block().locator(".row")).to_have_text(["jq runs", "tree runs"])

        # What is in use is not removed; what is not, is, and the preview says what.
        self.go("settings/images")
        page.get_by_role("button", name="Remove unused").click()
        expect(page.get_by_text("Every built image is in use.")).to_be_visible()
        self.server.run("session", "rm", "--force", "from-image")
        page.get_by_role("button", name="Remove unused").click()
        expect(page.get_by_role("dialog")).to_contain_text("1 image")
        self.press("Remove unused")
        expect(page.get_by_text("No built image")).to_be_visible()

    def test_a_session_says_that_its_image_is_being_built_and_no_other_does(self) -> None:
        wish = {
            "name": "waiting", "backend": "docker", "image": {"kind": "reference", "name": BASE}, "packages": ["apk:endless-too"], "prepare": False}
        answer = self.context.request.post(f"{self.server.url}/v1/sessions", data=wish, headers={"Origin": self.server.url})
        self.assertTrue(answer.ok, answer.text())
        self.open_session("other", "--backend", "bubblewrap")
        page = self.go("sessions/waiting")
        expect(page.get_by_text("The sandbox is being made…")).to_be_visible()
        page.evaluate("fetch('/v1/sessions/waiting/prepare', {method: 'POST'}).catch(() => 0); 0")
        expect(page.get_by_text("The image is being built…")).to_be_visible()
        self.shot("session-building")
        page.reload()
        expect(page.get_by_text("The image is being built…")).to_be_visible()
        self.go("sessions/other")
        expect(page.get_by_role("textbox", name="Command")).to_be_visible()
        expect(page.get_by_text("The image is being built…")).to_have_count(0)
        self.server.run("session", "rm", "--force", "waiting", "other")

    def test_a_session_in_a_container_is_used_and_one_moves_into_a_container_with_its_files(self) -> None:
        page = self.go("settings/images")
        choice = page.locator("[data-default-image='docker']")
        choice.get_by_role("combobox").fill(PLAIN)
        choice.get_by_role("button", name="Set").click()
        expect(choice.get_by_role("button", name="Back to default")).to_be_visible()

        self.go("sessions")
        page.locator(".view-head").get_by_role("button", name="Open session").click()
        page.get_by_role("dialog").get_by_label("Name").fill("contained")
        page.get_by_role("dialog").get_by_label("Backend").select_option("docker")
        self.press("Open session")
        expect(page.locator(".facts")).to_contain_text("docker · container")
        self.type_command("echo inside >file; until [ -e go ]; do sleep 0.1; done; cat file")
        expect(self.block().get_by_text("running")).to_be_visible()
        self.type_command("touch go")
        expect(self.block(0).locator(".row")).to_have_text("inside")
        self.go("sessions/contained/files")
        expect(page.get_by_role("link", name="file", exact=True)).to_be_visible()
        self.go("sessions/contained/terminal")
        page.get_by_role("button", name="New terminal").first.click()
        expect(page.locator(".xterm-rows:visible")).to_contain_text("$")
        page.keyboard.type("echo $((6 * 7)) in here\n")
        expect(page.locator(".xterm-rows:visible")).to_contain_text("42 in here")

        self.open_session("mover", "--backend", "bubblewrap")
        self.go("sessions/mover")
        self.type_command("mkdir deep && echo carried >deep/file && chmod 750 deep/file")
        expect(self.block().locator(".pill.good")).to_be_visible()
        page.get_by_role("button", name="Switch backend").click()
        page.get_by_role("dialog").get_by_label("Backend").select_option("docker")
        self.press("Switch backend")
        expect(page.locator(".facts")).to_contain_text("docker · container")
        self.type_command("cat deep/file; stat -c %a deep/file")
        expect(self.block().locator(".row")).to_have_text(["carried", "750"])

        # Both kinds tell what they use in one list.
        self.open_session("beside", "--backend", "bubblewrap")
        self.go("settings/sandboxes")
        for name, backend in [("contained", "docker"), ("beside", "bubblewrap")]:
            row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))
            expect(row).to_contain_text(backend)
            expect(row.locator(".number").nth(1)).to_contain_text("iB")
        self.shot("sandboxes-on-two-backends")

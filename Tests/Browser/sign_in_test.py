from pathlib import Path

from playwright.sync_api import expect

from page_case import PageCase


class SignInTest(PageCase):
    def test_a_link_works_once(self) -> None:
        token = self.server.directory / "data" / "token"
        self.context.clear_cookies()
        answer = self.context.request.post(
            f"{self.server.url}/v1/login", data={}, headers={"Authorization": f"Bearer {token.read_text().strip()}"})
        link = self.server.url + answer.json()["path"]
        self.page.goto(link)
        expect(self.page.get_by_role("heading", name="Sessions")).to_be_visible()
        self.assertNotIn("code", self.page.url)
        cookie = next(one for one in self.context.cookies() if one["name"] == "sandlot_session")
        self.assertTrue(cookie["httpOnly"])
        self.assertEqual(cookie["sameSite"], "Strict")
        self.context.clear_cookies()
        self.page.goto(link)
        expect(self.page.get_by_role("heading", name="Sign in to Sandlot")).to_be_visible()
        expect(self.page.get_by_role("alert")).to_contain_text("used already")
        self.assertNotIn("code", self.page.url)
        self.shot("sign-in")

    def test_a_token_signs_in_and_signing_out_ends_it(self) -> None:
        self.context.clear_cookies()
        self.page.goto(self.server.url)
        field = self.page.get_by_label("Or use an access token")
        field.fill("sandlot_wrong")
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("alert")).to_be_visible()
        field.fill((Path(self.server.directory) / "data" / "token").read_text().strip())
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Sessions")).to_be_visible()
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("heading", name="Sign in to Sandlot")).to_be_visible()

"""Takes the pictures of the tour (tour.md) from the console of `stillwatch demo --exchange`.

    stillwatch demo --exchange --out out/demo-exchange
    python docs/console/pictures.py out/demo-exchange

Needs playwright (requirements/dev.txt) and a Chromium of the system. Works on a copy of the member's folder: verdicts
given for a picture stay in no demonstration.
"""

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
SIZE = {"width": 1200, "height": 760}
_PROGRAM = (sys.executable, "-m", "stillwatch.cli")


def main() -> None:
    """Takes all pictures."""
    parser = argparse.ArgumentParser(description="Take the pictures of docs/console/tour.md.")
    parser.add_argument("demo", type=Path, help="the folder of `stillwatch demo --exchange`")
    parser.add_argument("--member", default="beta")
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("Chromium is not installed: apt-get install chromium")
    with console(given.demo / "exchange" / given.member) as (url, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        taken(browser, url, password)


def taken(browser: Browser, url: str, password: str) -> None:
    """The steps of the tour, in its order: each leaves the console as the next one finds it."""
    alice, bob = (signed_in(browser, url, name, password) for name in ("alice", "bob"))
    steps: dict[str, Callable[[], Page]] = {
        "1-queue": lambda: at(alice, "/cases"),
        "2-case": lambda: opened(alice),
        "3-evidence": lambda: shown(alice, "#evidence-title, #evidence"),
        "4-graph": lambda: at(alice, f"{case(alice)}/graph"),
        "5-account": lambda: account(alice),
        "6-verdict": lambda: judged(alice),
        "7-appeal": lambda: appeal(bob),
        "8-exchange": lambda: at(bob, "/exchange"),
    }
    for name, step in steps.items():
        page = step()
        page.wait_for_timeout(300)  # what is drawn when it comes near
        page.screenshot(path=HERE / f"{name}.png")


def at(page: Page, path: str) -> Page:
    """A page of the console, when all of it is there."""
    answer = page.goto(path, wait_until="networkidle")
    if answer is None or answer.status != 200:
        sys.exit(f"{path} answers {answer.status if answer else 'nothing'}")
    return page


def opened(page: Page) -> Page:
    """The first case of the queue."""
    at(page, "/cases").locator("table.cases tbody th a").first.click()
    page.wait_for_load_state("networkidle")
    return page


def case(page: Page) -> str:
    """The path of the first case."""
    return str(at(page, "/cases").locator("table.cases tbody th a").first.get_attribute("href"))


def shown(page: Page, selector: str) -> Page:
    """The page from this place on."""
    page.locator(selector).first.evaluate("(each) => each.scrollIntoView()")
    page.wait_for_load_state("networkidle")
    return page


def account(page: Page) -> Page:
    """The page of the account of the case that belongs least surely."""
    at(page, f"{case(page)}?sort=bits").locator("#accounts tbody a").first.click()
    page.wait_for_load_state("networkidle")
    return page


def judged(page: Page) -> Page:
    """A case with a verdict and a note."""
    opened(page)
    page.get_by_label("The note").fill("Asked the mail desk: the five domains were registered within a week.")
    page.get_by_role("button", name="Keep the note").click()
    page.get_by_role("radio", name="confirmed").check()
    page.get_by_label("Why", exact=True).fill("Five domains that nobody else uses, and two other providers name them.")
    page.get_by_role("button", name="Give the verdict").click()
    page.wait_for_url("**#work")
    return at(page, page.url.partition("#")[0])


def appeal(page: Page) -> Page:
    """The appeal that waits, for somebody who may answer it."""
    at(page, "/appeals").locator("table tbody a").first.click()
    page.wait_for_load_state("networkidle")
    return page


def signed_in(browser: Browser, url: str, name: str, password: str) -> Page:
    """A browser of this person's."""
    page = browser.new_context(base_url=url, viewport=SIZE, color_scheme="light").new_page()
    page.goto("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/cases")
    return page


@contextlib.contextmanager
def console(member: Path) -> Iterator[tuple[str, str]]:
    """The member's console, on a copy; its address and its people's password."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / member.name
        shutil.copytree(member, home)
        settings = home / "stillwatch.toml"
        settings.write_text(settings.read_text("utf-8").replace(str(member.resolve()), str(home)), "utf-8")
        command = [*_PROGRAM, "serve", "console", "--config", str(settings), "--listen", "127.0.0.1:0", "--quiet"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                ready = process.stdout.readline() if process.stdout else ""
                yield ready.removeprefix("Serving ").strip(), (home / "password").read_text("ascii").strip()
            finally:
                process.terminate()


if __name__ == "__main__":
    main()

"""The report page in a real browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from access.report import write
from access.verdicts import Verdicts
from benchmarks import access as large
from tests.access.conftest import Run
from tests.access.state_builder import OFFICE, OTHER, TARGET, StateBuilder, demo, document, grant, trust, user_arn
from tests.access.test_access_partitions import plan
from tests.sandbox.processes import eventually

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
# Without the latter five Chromium looks up and calls hosts of its own.
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="needs Chromium and its driver (Debian: apt-get install chromium chromium-driver)"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    options = Options()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


class Page:
    """What a person sees and does."""

    def __init__(self, driver: Chrome, file: Path) -> None:
        self.driver = driver
        driver.get_log("browser")  # type: ignore[no-untyped-call]
        driver.get(file.as_uri())

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def type(self, selector: str, text: str) -> None:
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    def choose(self, selector: str, value: str) -> None:
        self.one(f"{selector} option[value={value}]").click()

    @property
    def count(self) -> str:
        return self.one("#count").text

    @property
    def errors(self) -> list[Any]:
        return list(self.driver.get_log("browser"))  # type: ignore[no-untyped-call]


def people() -> StateBuilder:
    builder = demo("alice", "bob").user("eve", policy=document(grant()))
    builder.role("OPEN", document(trust([user_arn("eve"), f"arn:aws:iam::{OTHER}:root"])), account=OTHER)
    builder.user("sam", policy=document(grant(f"arn:aws:iam::{OTHER}:role/OPEN")))
    builder.user("tim", attached=["arn:aws:iam::aws:policy/NewerThanTheTable"])
    builder.role("TIM", document(trust(user_arn("tim"))), account=OTHER)
    builder.user("pat", policy=document(grant(f"arn:aws:iam::{OTHER}:role/PAT")))
    builder.role("PAT", document(trust(user_arn("pat"))), account=OTHER)
    return builder.role("LOOSE", document(trust(user_arn("sam")))).user(
        "ann", policy=document(grant(f"arn:aws:iam::{TARGET}:role/LOOSE"))
    )


@pytest.fixture
def opened(
    browser: Chrome, judged: Callable[[StateBuilder], Verdicts], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Page]:
    width = getattr(request, "param", 1280)
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page = Page(browser, write(judged(people()), tmp_path / "page"))
    yield page
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "screen", "features": []})
    assert page.errors == []


def test_the_page_is_one_file_without_outside_assets(run: Run, tmp_path: Path) -> None:
    result = run("report", "--state", demo().write(tmp_path), "--out", tmp_path / "page")
    assert result.exit_code == 0
    assert [file.name for file in (tmp_path / "page").iterdir()] == ["index.html"]
    text = (tmp_path / "page" / "index.html").read_text()
    assert "default-src 'none'" in text
    assert "<link" not in text.replace('<link rel="icon" href="data:,">', "")
    assert " src=" not in text


def test_no_text_of_a_state_can_end_the_script(judged: Callable[[StateBuilder], Verdicts], tmp_path: Path) -> None:
    builder = demo("alice")
    builder.resources[0]["urn"] = builder.resources[0]["urn"].replace(
        "delegation-all", "</script><script>alert(1)</script>"
    )
    text = write(judged(demo("alice").group("</script>")), tmp_path / "page").read_text()
    assert text.count("</script>") == 2


def test_a_folder_that_cannot_be_written_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("report", "--state", demo().write(tmp_path), "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert "The report cannot be written to" in result.stderr


@needs_browser
def test_search_and_filter_narrow_the_matrix(opened: Page) -> None:
    assert opened.count == "35 of 35 pairs: 7 people, 5 roles"
    opened.type("#search", "bob")
    assert opened.texts(".who b") == ["bob"]
    opened.type("#search", "Admins")
    assert opened.texts(".who b") == ["alice", "bob"]
    opened.type("#place", OTHER)
    assert opened.texts(".column b") == [OTHER, OTHER, OTHER]
    opened.type("#search", "nobody at all")
    assert opened.count == "Nothing fits this search."
    opened.run("document.getElementById('search').value = ''; document.getElementById('place').value = ''")
    opened.choose("#filter", "allowed")
    assert opened.count == "3 of 35 pairs: 3 people, 2 roles"
    assert opened.texts(".cell:not(.faint) b") == ["✓ MFA", "✓ MFA", "! no MFA needed"]


@needs_browser
def test_a_partition_without_links_says_what_to_type(
    browser: Chrome, judged: Callable[[StateBuilder], Verdicts], tmp_path: Path
) -> None:
    page = Page(browser, write(judged(plan("aws-eusc")), tmp_path / "page"))
    assert page.texts("#role-cards a.button") == []
    said = f"choose Switch role in the console and give account {TARGET} and role ACCESS."
    assert said in page.one("#role-cards").text
    assert page.errors == []


@needs_browser
def test_the_figures_count_what_the_filters_show(opened: Page) -> None:
    figures = dict(zip(opened.texts("#figures dt"), opened.texts("#figures dd"), strict=True))
    filters = {"allowed": "allowed", "without MFA": "nomfa", "from anywhere": "anywhere", "not verified": "unsure"}
    for name, value in filters.items():
        opened.choose("#filter", value)
        shown = "0" if opened.count.startswith("Nothing") else opened.count.split()[0]
        assert figures[name] == shown, name


@needs_browser
def test_a_cell_opens_its_explanation_and_gives_the_focus_back(opened: Page) -> None:
    cell = opened.one('[aria-label^="alice"].ok')
    assert cell.get_attribute("aria-label") == f"alice, {TARGET}, ACCESS: may enter with MFA, from {OFFICE}/32"
    cell.click()
    assert opened.one("#explanation-title").text == f"alice → {TARGET}, ACCESS"
    assert opened.one(".verdict").text == f"Allowed: MFA required, from {OFFICE}/32"
    assert "Grant: grant-1 of group Admins, statement 1." in opened.texts("#explanation-body li")
    opened.one("#explanation-body summary").click()
    assert json.loads(opened.one("#explanation-body pre").text)["Action"] == "sts:AssumeRole"
    link = opened.one("#explanation-body a.button").get_attribute("href")
    assert (
        link == f"https://signin.aws.amazon.com/switchrole?account={TARGET}&roleName=ACCESS&displayName=ACCESS+{TARGET}"
    )
    opened.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert opened.run("return document.activeElement.getAttribute('aria-label')").startswith("alice")


@needs_browser
def test_a_refused_cell_says_why_and_offers_no_switch(opened: Page) -> None:
    opened.one('[aria-label^="eve"]').click()
    assert opened.one(".verdict").text == "Refused"
    assert opened.texts("#explanation-body li") == ["The trust policy of role ACCESS lets eve in by no statement."]
    assert opened.texts("#explanation-body a") == []


@needs_browser
def test_the_matrix_is_walked_with_the_keyboard(opened: Page) -> None:
    assert len(opened.driver.find_elements(By.CSS_SELECTOR, "[role=gridcell][tabindex='0']")) == 1
    opened.one("[role=gridcell][tabindex='0']").send_keys(Keys.ARROW_DOWN)
    opened.driver.switch_to.active_element.send_keys(Keys.END)
    place = opened.run("const d = document.activeElement.dataset; return [d.row, d.column]")
    assert place == ["1", "4"]
    opened.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert opened.run("return document.getElementById('explanation').open") is True
    assert opened.run("const g = document.getElementById('grid'); return [g.ariaRowCount, g.ariaColCount]") == [
        "8",
        "6",
    ]


@needs_browser
@pytest.mark.parametrize("opened", [400], indirect=True)
def test_at_400_pixels_a_list_replaces_the_matrix_and_nothing_sticks_out(opened: Page) -> None:
    assert opened.run("return document.documentElement.scrollWidth <= innerWidth") is True
    assert opened.count == "3 of 35 pairs: 3 people, 2 roles"
    assert [text.split("\n")[0] for text in opened.texts(".list .cell")] == ["alice", "bob", "pat"]
    opened.one(".list .cell").click()
    box = opened.one("#explanation").rect
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 400


@needs_browser
def test_the_header_is_as_wide_as_the_table(opened: Page) -> None:
    width = "return document.querySelector('{}').getBoundingClientRect().right"
    last = opened.run(width.format(".row:last-child .cell:last-child"))
    assert last == pytest.approx(opened.run(width.format(".row.heads")), abs=1)
    assert last == pytest.approx(opened.run(width.format("#frame")), abs=2)


@needs_browser
def test_dates_are_in_the_zone_of_the_reader(
    browser: Chrome, judged: Callable[[StateBuilder], Verdicts], tmp_path: Path
) -> None:
    # Its state was written on 2026-11-23 at 12:00 UTC.
    file = write(judged(people()), tmp_path / "page")
    try:
        browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Pacific/Kiritimati"})
        page = Page(browser, file)
        assert page.texts("#sources-table td:last-child") == ["Nov 24, 2026, 02:00 GMT+14"]
        assert page.one("#dates").text.startswith("States of Nov 24, 2026, 02:00 GMT+14 · page made ")
        assert page.errors == []
    finally:
        browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


@needs_browser
def test_a_role_s_card_opens_to_the_people_who_may_enter(opened: Page) -> None:
    card = next(
        card for card in opened.driver.find_elements(By.CSS_SELECTOR, ".card") if f"{TARGET} · ACCESS" in card.text
    )
    assert "alice" not in card.text
    card.find_element(By.CSS_SELECTOR, "summary").click()
    # The browser says that it is open a moment after it is, and then the names are written.
    assert eventually(lambda: bool(card.find_elements(By.CSS_SELECTOR, "details li")))
    names = [line.text for line in card.find_elements(By.CSS_SELECTOR, "details li")]
    assert names == [f"alice: ✓ MFA {OFFICE}/32", f"bob: ✓ MFA {OFFICE}/32"]


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_readable_in_light_and_dark(opened: Page, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    assert opened.run(CONTRASTS) == []


# Texts whose contrast with the nearest painted background is under 4.5 to 1 (WCAG 2, AA).
CONTRASTS = """
const numbers = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const ground = element => {
  for (let e = element; e; e = e.parentElement) {
    const c = numbers(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3]) return c;
  }
  return [255, 255, 255];
};
const texts = [...document.querySelectorAll("body *")].filter(e => e.offsetParent
  && !e.matches(".faint, .faint *, option, .skip") && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
return texts.filter(e => {
  const [a, b] = [light(numbers(getComputedStyle(e).color)), light(ground(e))];
  return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5;
}).map(e => e.className + ": " + e.textContent);
"""


@needs_browser
def test_printing_lists_everybody_who_may_enter(opened: Page) -> None:
    opened.run("dispatchEvent(new Event('beforeprint'))")
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert opened.texts("#printed td:first-child") == ["alice", "bob", "pat", "tim"]
    assert not opened.one("#frame").is_displayed()


@needs_browser
def test_the_page_of_100000_pairs_draws_what_is_seen(browser: Chrome, run: Run, tmp_path: Path) -> None:
    large.write(tmp_path)
    run("report", "--state", tmp_path, "--out", tmp_path / "page")
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    page = Page(browser, tmp_path / "page" / "index.html")
    assert page.count == "100,000 of 100,000 pairs: 500 people, 200 roles"
    page.run("document.getElementById('frame').scrollTo(20000, 20000)")
    page.run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert "user434" in page.texts(".who b")
    assert 0 < page.run("return document.querySelectorAll('.cell').length") < 1000
    assert page.errors == []

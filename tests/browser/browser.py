# SPDX-License-Identifier: BSD-2-Clause
"""A headless Chromium that tells everything that a page should not do: errors of the console, scripts
that ran, violations of the policy, requests to anybody but the page's own server."""
import base64
import os
import re
import shutil
import subprocess

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from support import place
from support.loop_server import LoopServer
from payloads import CANARY

DESKTOP, PHONE = (1280, 800), (390, 844)
SCREENSHOTS = os.path.abspath(os.environ.get("WAYBILL_SCREENSHOTS", f"{place.BUILD}/screenshots"))
BINARY, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))

FLAGS = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
         "--disable-domain-reliability", "--no-pings", "--force-color-profile=srgb", "--lang=en",
         "--disable-features=OptimizationHints,MediaRouter,Translate,DialMediaRouteProvider"]

# Before any script of the page: what violates the policy, and what asks the user, is noted down.
WATCH = """
window.__said = [];
addEventListener('securitypolicyviolation',
    e => window.__said.push(`policy: ${e.effectiveDirective} ${e.blockedURI} ${e.sample}`));
addEventListener('error', e => window.__said.push(`error: ${e.message}`));
addEventListener('unhandledrejection', e => window.__said.push(`rejected: ${e.reason}`));
for (const name of ['alert', 'confirm', 'prompt'])
    window[name] = text => { window.__said.push(`${name}: ${text}`); };
"""

# What a page says in the console when nobody has logged in yet, or not any more.
EXPECTED = re.compile(r"/api/v1/session - Failed to load resource: .* 401 ")


class Canary(LoopServer):
    """Stands for the one name of the net that there is; nobody may come."""

    def __init__(self):
        super().__init__(place.free_port())
        self.visits = []

    async def _session(self, reader, writer):
        self.visits.append(await reader.read(2000))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()


class Browser:
    def __init__(self):
        self.canary = Canary().start()
        options = webdriver.ChromeOptions()
        options.binary_location = BINARY
        for flag in FLAGS:
            options.add_argument(flag)
        options.add_argument(f"--host-resolver-rules=MAP {CANARY} 127.0.0.1:{self.canary.port},"
                             "MAP * ~NOTFOUND,EXCLUDE 127.0.0.1")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self.driver.set_page_load_timeout(60)
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.shape(DESKTOP)

    def close(self):
        self.driver.quit()
        self.canary.stop()

    def devtools(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    # ---- how it looks at the page ----

    def shape(self, size, dark=False, paper=False, touch=None):
        """As a screen of this size, or as paper."""
        width, height = size
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=size == PHONE if touch is None else touch)
        self.devtools("Emulation.setEmulatedMedia", media="print" if paper else "",
                      features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                {"name": "prefers-reduced-motion", "value": "reduce"}])

    def forget(self):
        """As a browser that was never here."""
        self.devtools("Network.clearBrowserCookies")
        self.devtools("Network.clearBrowserCache")
        if self.driver.current_url.startswith("http"):
            self.script("localStorage.clear(); sessionStorage.clear()")
        self.driver.get("about:blank")

    def open(self, url):
        self.driver.get(url)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def see(self, selector, seconds=10):
        """The first element that is to be seen; waits for it."""
        def shown():
            return next((found for found in self.all(selector) if found.is_displayed()), None)
        return place.wait_until(shown, seconds, f"{selector} is shown at {self.driver.current_url}: {self.words()[:600]!r}")

    def text(self, selector):
        """What an element says, whether it is in sight or not; '' if there is none."""
        return self.script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def words(self):
        return self.script("return document.body ? document.body.innerText : ''")

    def wait(self, condition, what, seconds=10):
        return place.wait_until(condition, seconds, f"{what}: {self.words()[:600]!r}")

    # ---- what a hand does ----

    def press(self, *keys):
        actions = ActionChains(self.driver)
        actions.send_keys(*keys)
        actions.perform()

    def focused(self):
        """The element with the focus, as tag, id and words."""
        return self.script("const e = document.activeElement; return [e.tagName.toLowerCase(), e.id,"
                           " (e.textContent || e.ariaLabel || '').trim().slice(0, 60)]")

    def tab_to(self, matches, most=60):
        """Press Tab until `matches` is true of what has the focus; returns how often."""
        for presses in range(most):
            if self.script("return document.activeElement.matches(arguments[0])", matches):
                return presses
            self.press(Keys.TAB)
        raise AssertionError(f"{matches} is not reached by {most} tabs; at {self.focused()}")

    # ---- what is kept of it ----

    def picture(self, name, whole=True):
        """A PNG among the test's output; of the whole page, or of what fits the screen."""
        os.makedirs(SCREENSHOTS, exist_ok=True)
        data = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path = f"{SCREENSHOTS}/{name}.png"
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
        return path

    def paper(self, name):
        """The page printed: a PDF among the test's output, and the text that stands on it."""
        os.makedirs(SCREENSHOTS, exist_ok=True)
        path = f"{SCREENSHOTS}/{name}.pdf"
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.devtools("Page.printToPDF", printBackground=False, paperWidth=8.27,
                                                      paperHeight=11.69)["data"]))
        return path, subprocess.run(["pdftotext", "-layout", path, "-"], check=True, text=True,
                                    capture_output=True).stdout

    # ---- what it must not do ----

    def faults(self):
        """Everything that went wrong since the last call, a line each."""
        said = self.script("return window.__said.splice(0)") if self._here() else []
        if self._here() and self.script("return window.__hit !== undefined || {}.__hit !== undefined"):
            said.append("a script of somebody else ran")
        said += [entry["message"] for entry in self.driver.get_log("browser")
                 if entry["level"] in ("SEVERE", "WARNING") and not EXPECTED.search(entry["message"])]
        said += [f"somebody else was asked: {visit[:200]!r}" for visit in self.canary.visits]
        self.canary.visits.clear()
        return said

    def _here(self):
        return self.driver.current_url.startswith("http")

    def overflow(self):
        """Elements that make the page wider than the screen: none should."""
        return self.script("""
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.querySelectorAll('body *')]
                .filter(e => e.getBoundingClientRect().right > width + 1)
                .map(e => `${e.tagName.toLowerCase()}#${e.id}.${e.className}: ${(e.textContent || '').slice(0, 60)}`)
                .slice(0, 10);""")

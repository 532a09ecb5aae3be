"""Debian's chromium driven by Playwright, and pages served on ports of their own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE_MS = 90_000
"""What a busy machine may take for any one step: it ends a test that hangs, and judges none."""

_HANGS_S = 600.0
expect.set_options(timeout=PATIENCE_MS)


class SharedBrowser:
    """One browser for many tests: it lives on a loop of its own thread, where their work is run."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self.browser = self.run(self._open())

    async def _open(self) -> Browser:
        playwright = await self._stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS), timeout=PATIENCE_MS)
        self._stack.push_async_callback(browser.close)
        return browser

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run ``work`` beside the browser, then close the pages it opened."""
        return asyncio.run_coroutine_threadsafe(self._alone(work), self._loop).result(_HANGS_S)

    async def _alone(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await work
        finally:
            for context in self.browser.contexts if hasattr(self, "browser") else ():
                await context.close()

    def close(self) -> None:
        """End the browser and its loop."""
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


async def open_page(browser: Browser, url: Any, faults: list[str], **context: Any) -> Page:
    """Open ``url`` in a context of its own; script errors and broken policies are added to ``faults``."""
    opened = await browser.new_context(**context)
    opened.set_default_timeout(PATIENCE_MS)
    page = await opened.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if "Content Security Policy" in told.text else None)
    await page.goto(str(url))
    return page


async def serious_faults(page: Page) -> list[str]:
    """Return what axe finds serious or critical on the page, shadow trees included."""
    results = await Axe().run(page)
    return [
        f"{fault['id']}: {fault['help']} {[node['target'] for node in fault['nodes']]}"
        for fault in results.response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


_CUT_WORDS = """() => {
  const cut = [], range = document.createRange();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const word of node.textContent.matchAll(/[\\p{L}\\d]{2,}/gu)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = [...range.getClientRects()].filter((one) => one.width > 0);
      if (lines.length > 1 && lines[lines.length - 1].top - lines[0].top > 4) cut.push(word[0]);
    }
  }
  return cut;
}"""


async def cut_words(page: Page) -> list[str]:
    """Return the words that the page writes on two lines, for want of room."""
    found: list[str] = await page.evaluate(_CUT_WORDS)
    return found


@asynccontextmanager
async def page_of_another_site(html: str, policy: str = "") -> AsyncIterator[TestServer]:
    """Serve one page at / of another origin, with a content security policy."""

    async def serve(request: web.Request) -> web.Response:
        return web.Response(
            text=html, content_type="text/html", headers={"Content-Security-Policy": policy} if policy else None
        )

    site = web.Application()
    site.add_routes([web.get("/", serve)])
    server = TestServer(site)
    async with server:
        yield server

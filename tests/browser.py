"""A page in the installed Chromium, offline, with everything it said and asked for on record."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DRAWN_MS = 60_000


@dataclass
class Opened:
    """A page and what it did."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def executable() -> str:
    """Return the browser's path. Without one the test fails, unless LLMAUDIT_NO_BROWSER=1 says to go without."""
    wanted = [os.environ.get("LLMAUDIT_BROWSER"), os.environ.get("CHROME"), *NAMES]
    found = next((path for name in wanted if name and (path := shutil.which(name))), None)
    if found is None and os.environ.get("LLMAUDIT_NO_BROWSER") == "1":
        pytest.skip("LLMAUDIT_NO_BROWSER=1")
    assert found, "no Chromium found: install one, name it in LLMAUDIT_BROWSER, or set LLMAUDIT_NO_BROWSER=1"
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser."""
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int, javascript: bool = True, colors: Literal["light", "dark"] = "light"
) -> Iterator[Opened]:
    """Open a file as a screen of this width would, light or dark, and wait until its charts are drawn."""
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, offline=True, java_script_enabled=javascript, color_scheme=colors
    )
    try:
        seen = Opened(context.new_page())
        seen.page.on("console", lambda message: seen.said.append(f"{message.type}: {message.text}"))
        seen.page.on("pageerror", lambda error: seen.said.append(f"error: {error}"))
        seen.page.on("dialog", lambda dialog: (seen.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        seen.page.on("request", lambda request: seen.asked.append(request.url))
        seen.page.goto(path.as_uri())
        if javascript and seen.page.query_selector("[data-chart]"):
            seen.page.wait_for_selector("html[data-charts]", timeout=DRAWN_MS)
        yield seen
    finally:
        context.close()

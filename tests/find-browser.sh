#!/bin/sh
# The report's browser test needs a Chromium. Use an installed one, else take Debian's package, else say what to do.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ -n "${LLMAUDIT_BROWSER:-}" ] || [ -n "${LLMAUDIT_NO_BROWSER:-}" ]; then exit 0; fi
if command -v apt-get >/dev/null 2>&1; then
    SUDO=""
    if [ "$(id -u)" -ne 0 ]; then SUDO="sudo"; fi
    $SUDO apt-get update -qq
    $SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
    echo "No Chromium found: install one, name it in LLMAUDIT_BROWSER, or set LLMAUDIT_NO_BROWSER=1 to go without." >&2
    exit 1
fi

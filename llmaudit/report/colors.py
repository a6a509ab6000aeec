"""One palette for page and charts, light and dark, safe for common colour blindness (after Okabe and Ito)."""

from __future__ import annotations

LIGHT = {
    "paper": "#FFFFFF",
    "panel": "#F7F9FB",
    "chip": "#EEF2F6",
    "ink": "#17212B",
    "muted": "#55616E",
    "line": "#DFE4EA",
    "grey": "#98A3AF",
    "accent": "#0A5A9C",
    "sky": "#4B93C7",
    "orange": "#C97708",
    "vermilion": "#C24A00",
    "green": "#00805E",
    "purple": "#A05195",
    "card": "#0A5A9C",
    "on-card": "#FFFFFF",
    "good": "#0A5340",
    "good-back": "#E1F3EC",
    "open": "#704400",
    "open-back": "#FFF0D6",
    "bad": "#8A2C00",
    "bad-back": "#FDE7DC",
    "shade": "#1722302E",
}
DARK = {
    "paper": "#11171E",
    "panel": "#18202A",
    "chip": "#232D38",
    "ink": "#E4EAF0",
    "muted": "#A2AFBC",
    "line": "#2C3743",
    "grey": "#6B7885",
    "accent": "#73B3EA",
    "sky": "#3F7FB5",
    "orange": "#E39A33",
    "vermilion": "#EE743B",
    "green": "#35B88C",
    "purple": "#CC8AC1",
    "card": "#124D80",
    "on-card": "#FFFFFF",
    "good": "#8FDCC0",
    "good-back": "#12392E",
    "open": "#F2C27A",
    "open-back": "#40300F",
    "bad": "#F7AE8A",
    "bad-back": "#49210F",
    "shade": "#00000080",
}
"""Text keeps 4.5 to 1 against what it stands on, bars 3 to 1 against the paper (WCAG AA); a test measures both."""

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'

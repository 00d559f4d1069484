"""The palette: every text readable on what it stands on, in light, dark and print (WCAG AA)."""

from __future__ import annotations

import re

import pytest

from flows_analytics.report.templates import templates_dir

CSS = (templates_dir() / "report.css").read_text(encoding="utf-8")
TEXT_ON = [
    *((text, ground) for text in ("ink", "quiet", "accent", "caller", "bad") for ground in ("paper", "raised")),
    *(("ink", ground) for ground in ("sunk", "accent-soft", "caller-soft", "bad-soft", "shade-0", "shade-1")),
    *(("quiet", ground) for ground in ("sunk", "accent-soft", "caller-soft", "bad-soft")),
    ("accent", "sunk"),
    ("accent", "accent-soft"),
    ("caller", "caller-soft"),
    ("bad", "bad-soft"),
]


def palette(rules):
    return {name: value.lower() for name, value in re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-fA-F]{6})", rules)}


def schemes():
    before_dark, rest = CSS.split("@media (prefers-color-scheme: dark)", 1)
    dark, after = rest.split("*, *::before", 1)
    return {"light": palette(before_dark), "dark": palette(dark), "print": palette(after.split("@media print")[1])}


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_has_contrast(scheme, text, ground):
    colours = schemes()[scheme]
    lighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_every_scheme_names_every_colour():
    light, dark, printed = schemes().values()
    assert set(light) == set(dark) == set(printed)

"""The dashboard's own themes: dark, light, and one of high contrast; beside those that Textual brings."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

__all__ = ["DEFAULT_THEME", "THEMES"]

DEFAULT_THEME: Final = "smq-dark"

THEMES: Final = (
    Theme(
        name="smq-dark",
        primary="#5fafd7",
        secondary="#b48ead",
        accent="#5fafd7",
        foreground="#dcdfe4",
        background="#15181c",
        surface="#15181c",
        panel="#23282f",
        boost="#1d2127",
        success="#7fbf7f",
        warning="#e0b050",
        error="#f07070",
        dark=True,
        variables={
            "block-cursor-background": "#2f5d7c",
            "block-cursor-foreground": "#ffffff",
            "block-cursor-text-style": "bold",
        },
    ),
    Theme(
        name="smq-light",
        primary="#00558f",
        secondary="#7a3e78",
        accent="#00558f",
        foreground="#1c1f24",
        background="#fbfbf9",
        surface="#fbfbf9",
        panel="#e6e8ea",
        boost="#eff0f1",
        success="#1b6e2f",
        warning="#8a5a00",
        error="#b3201f",
        dark=False,
        variables={
            "block-cursor-background": "#00558f",
            "block-cursor-foreground": "#ffffff",
            "block-cursor-text-style": "bold",
        },
    ),
    Theme(
        name="smq-contrast",
        primary="#00d7ff",
        secondary="#ff87ff",
        accent="#00d7ff",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#303030",
        boost="#1c1c1c",
        success="#5fff5f",
        warning="#ffff5f",
        error="#ff8787",
        dark=True,
        variables={
            "block-cursor-background": "#ffff00",
            "block-cursor-foreground": "#000000",
            "block-cursor-text-style": "bold",
        },
    ),
)

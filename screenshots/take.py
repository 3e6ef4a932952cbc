"""Takes the pictures of this folder: each screen, dark and light, and a short film.

Run it by `make screenshots`. The queue is the same each time.
Pictures load no font from anywhere; PNGs are drawn with DejaVu Sans Mono.
"""

from __future__ import annotations

import asyncio
import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cairosvg  # type: ignore[import-untyped]  # it has none
from PIL import Image

from screenshots.scene import FrozenClock, fill
from smq_core import parse_location
from smq_tui.app import Dashboard
from smq_tui.settings.config import Config
from smq_tui.settings.preferences import Preferences
from smq_tui.settings.session import DashboardSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.pilot import Pilot

HERE = Path(__file__).parent
SIZE = (120, 32)
WHOLE_CELLS = 13 / 12.2
"""A scale at which a cell is a whole number of points wide: letters stand on whole ones, and would drift."""
SMALL_CELLS = 10 / 12.2
SHOWN_PATH = "/srv/shop/queue.sqlite3"
SCREENS = (
    ("topics", "1"),
    ("messages", "2"),
    ("leases", "3"),
    ("dead", "4"),
    ("workers", "5"),
    ("activity", "6"),
)
FILM_FRAME_MS = 1_600
FILM: tuple[tuple[str, ...], ...] = (
    (),
    ("3",),
    ("space", "space", "space"),
    ("R",),
    ("y",),
    ("4",),
    ("j",),
    ("enter",),
    ("escape", "4"),
    ("R",),
    ("2", "2"),
    ("enter",),
    ("1",),
)
"""What an operator presses who finds stuck messages and requeues them, frame by frame."""


async def settle(pilot: Pilot[int]) -> None:
    """Let the dashboard go on until nothing more comes."""
    for _ in range(30):
        await pilot.pause(0.02)


async def take(location: str, theme: str) -> None:
    """Take a picture of each screen in a theme."""
    app = make_app(location, theme)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        app.session.location = parse_location(SHOWN_PATH)
        for name, key in SCREENS:
            await pilot.press(key)
            if name == "messages":
                app.main.navigation.jump("messages orders state:dead")
            await settle(pilot)
            save(
                app.export_screenshot(title="smq-tui", simplify=True), f"{name}-{theme.removeprefix('smq-')}"
            )
        if theme == "smq-dark":
            await take_dialogs(app, pilot)


async def take_dialogs(app: Dashboard, pilot: Pilot[int]) -> None:
    """Take pictures of a question, the chart and the help."""
    for name, keys in (("chart", ("1", "m")), ("help", ("question_mark",)), ("confirm", ("4", "R"))):
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        save(app.export_screenshot(title="smq-tui", simplify=True), f"{name}-dark")
        await pilot.press("escape")
        await settle(pilot)


async def film(location: str) -> None:
    """Take a short film of stuck messages being found and requeued."""
    app = make_app(location, "smq-dark")
    frames: list[Image.Image] = []
    async with app.run_test(size=(100, 28)) as pilot:
        app.session.location = parse_location(SHOWN_PATH)
        await settle(pilot)
        for keys in FILM:
            await pilot.press(*keys)
            await settle(pilot)
            frames.append(frame(app.export_screenshot(title="smq-tui", simplify=True)))
    durations = [FILM_FRAME_MS] * len(frames)
    frames[0].save(
        HERE / "demo.gif", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True
    )


def make_app(location: str, theme: str) -> Dashboard:
    """Make a dashboard at the moment of the scene."""
    session = DashboardSession(location=parse_location(location), name="shop", interval=1.0)
    return Dashboard(session, FrozenClock(), Config(theme=theme), Preferences())


def save(svg: str, name: str) -> None:
    """Write a picture as SVG and PNG."""
    plain = without_fonts(svg)
    (HERE / f"{name}.svg").write_text(plain, encoding="utf-8")
    (HERE / f"{name}.png").write_bytes(png(plain))


def without_fonts(svg: str) -> str:
    """Take out the fonts that would be loaded from elsewhere, and the ids that differ each time."""
    plain = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    # A cell is 12.2 wide in these pictures, and a letter of this font 0.6021 of its size.
    plain = plain.replace("Fira Code", "DejaVu Sans Mono").replace("font-size: 20px", "font-size: 20.26px")
    return re.sub(r"terminal-\d+", "terminal", plain)


def png(svg: str, scale: float = WHOLE_CELLS) -> bytes:
    """Draw a picture; lengths of texts, which the library reckons without blanks, are left to the font."""
    plain = re.sub(r' textLength="[^"]*"', "", svg)
    file = io.BytesIO()
    cairosvg.svg2png(bytestring=plain.encode(), write_to=file, scale=scale)  # pyright: ignore[reportArgumentType]  # a fraction is fine
    return file.getvalue()


def frame(svg: str) -> Image.Image:
    """Draw one picture of the film, in few colours."""
    image = Image.open(io.BytesIO(png(without_fonts(svg), SMALL_CELLS))).convert("RGB")
    return image.quantize(64, dither=Image.Dither.NONE)


def main(themes: Sequence[str] = ("smq-dark", "smq-light")) -> None:
    """Take all of them."""
    for theme in themes:
        with tempfile.TemporaryDirectory() as folder:
            location = str(Path(folder) / "shop.sqlite3")
            fill(location)
            asyncio.run(take(location, theme))
    with tempfile.TemporaryDirectory() as folder:
        location = str(Path(folder) / "shop.sqlite3")
        fill(location)
        asyncio.run(film(location))


if __name__ == "__main__":
    main()

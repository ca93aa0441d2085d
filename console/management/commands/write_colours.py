"""Writes the colours of the UNFOLD setting as a style sheet."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from unfold.settings import get_config
from unfold.utils import convert_color

DEFAULT_PATH = Path(__file__).parents[2] / "static" / "console" / "css" / "colours.css"
HEAD = "/* Made by manage.py write_colours from the UNFOLD setting. */\n"


class Command(BaseCommand):
    help = (
        "Write Unfold's colours to a file. Unfold would put them into each page as an inline "
        "style element, which our content security policy refuses."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, default=DEFAULT_PATH)
        parser.add_argument(
            "--check", action="store_true", help="Write nothing; fail if the file is out of date."
        )

    def handle(self, *args: Any, output: Path, check: bool, **options: Any) -> None:
        wanted = style_sheet()
        if not check:
            output.write_text(wanted, encoding="utf-8")
        elif not output.exists() or output.read_text(encoding="utf-8") != wanted:
            raise CommandError(f"{output.name} is out of date: run manage.py write_colours.")


def style_sheet() -> str:
    """Return custom properties for every colour of every palette that Unfold knows."""
    config = get_config()
    lines = [
        f"  --color-{palette}-{weight}: {convert_color(value)};"
        for palette, weights in config["COLORS"].items()
        for weight, value in weights.items()
    ]
    if radius := config.get("BORDER_RADIUS"):
        lines.insert(0, f"  --border-radius: {radius};")
    return HEAD + ":root {\n" + "\n".join(lines) + "\n}\n"

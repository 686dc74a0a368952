"""Pictures of pages for the docs: small files, and made again only when they are asked for."""

import base64
import os
import struct
import zlib
from collections import Counter

from django.conf import settings

ARE_TAKEN = bool(os.environ.get("SCREENSHOTS"))
PICTURED_DAY = "2026-03-02"
FOLDER = settings.BASE_DIR / "docs" / "images"
LARGEST, LARGEST_TOGETHER = 150_000, 700_000  # bytes
COLOURS = 256

PIXELS = """async picture => {
    const image = await createImageBitmap(await (await fetch("data:image/png;base64," + picture)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const bytes = canvas.getImageData(0, 0, image.width, image.height).data;
    return new Promise(done => {
        const reader = new FileReader();
        reader.onload = () => done([image.width, image.height, reader.result.split(",")[1]]);
        reader.readAsDataURL(new Blob([bytes]));
    });
}"""


def path_of(name, language):
    return FOLDER / f"{name}-{language[:2]}.png"


def size_of(path):
    """Width and height of a PNG."""
    return struct.unpack(">II", path.read_bytes()[16:24])


def take(page, path, blank):
    """Keep what the window shows, with a palette of its most frequent colours: a third of the bytes."""
    screenshot = base64.b64encode(page.screenshot(animations="disabled", caret="hide")).decode()
    width, height, encoded = blank.evaluate(PIXELS, screenshot)
    pixels = [pixel[:3] for pixel in struct.iter_unpack("4s", base64.b64decode(encoded)) for pixel in pixel]
    counts = Counter(pixels)
    palette = [colour for colour, _ in counts.most_common(COLOURS)]
    places = {colour: nearest(colour, palette) for colour in counts}
    rows = bytes(places[pixel] for pixel in pixels)
    lines = b"".join(b"\0" + rows[start : start + width] for start in range(0, len(rows), width))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", b"".join(palette))
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )


def nearest(colour, palette):
    return min(
        range(len(palette)), key=lambda place: sum((a - b) ** 2 for a, b in zip(colour, palette[place], strict=True))
    )


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

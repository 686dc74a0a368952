"""QR codes in a picture, read as a phone reads them: by a decoder that knows nothing of how they were drawn."""

import struct
import zlib

import zxingcpp

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {2: 3, 6: 4}  # with and without transparency


def squares_in(png):
    """What the QR codes in a browser's picture say."""
    width, height, channels, rows = _read(png)
    green = b"".join(bytes(row[1::channels]) for row in rows)
    return [code.text for code in zxingcpp.read_barcodes(memoryview(green).cast("B", (height, width)))]


def _read(png):
    """Width, height, bytes per pixel, and the rows of a PNG with eight bits a channel."""
    assert png.startswith(SIGNATURE)
    place, packed = len(SIGNATURE), b""
    while place < len(png):
        (length,), kind = struct.unpack_from(">I", png, place), png[place + 4 : place + 8]
        content = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", content)
        packed += content if kind == b"IDAT" else b""
        place += length + 12
    assert depth == 8
    channels = CHANNELS[colour]
    return width, height, channels, list(_rows(zlib.decompress(packed), width * channels, channels))


def _rows(data, size, channels):
    """The rows as they were before each byte was filtered by its neighbours (PNG, 9.2)."""
    above = bytearray(size)
    for start in range(0, len(data), size + 1):
        row = bytearray(data[start + 1 : start + 1 + size])
        for place in range(size):
            left = row[place - channels] if place >= channels else 0
            corner = above[place - channels] if place >= channels else 0
            row[place] = (row[place] + _predicted(data[start], left, above[place], corner)) & 255
        yield row
        above = row


def _predicted(how, left, up, corner):
    match how:
        case 1:
            return left
        case 2:
            return up
        case 3:
            return (left + up) // 2
        case 4:
            return min((left, up, corner), key=lambda each: abs(left + up - corner - each))
    return 0

"""Draws the product pictures: flat shapes in the product's colour. The same input gives the same picture."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw

SIZE = 800
Point = tuple[float, float]
Rgb = tuple[int, int, int]

COLOURS: dict[str, tuple[str, Rgb]] = {
    "pine": ("pine green", (46, 110, 84)),
    "rust": ("rust red", (193, 84, 52)),
    "lake": ("lake blue", (49, 112, 158)),
    "moss": ("moss green", (122, 143, 63)),
    "slate": ("slate grey", (86, 96, 110)),
    "sand": ("sand", (201, 168, 112)),
    "sun": ("sun yellow", (229, 172, 46)),
    "plum": ("plum", (122, 74, 120)),
}


def draw(shape: str, colour: str, *, turn: int = 0) -> bytes:
    """PNG of ``SIZE`` × ``SIZE`` pixels; ``turn`` varies the backdrop between products of one shape."""
    pen = Pen(COLOURS[colour][1], turn)
    SHAPES[shape](pen)
    return pen.png()


class Pen:
    """Draws in units of 0–100 at twice the size, which leaves smooth edges when scaled down."""

    def __init__(self, main: Rgb, turn: int) -> None:
        self.main = main
        self.dark = _mix(main, (20, 24, 30), 0.35)
        self.light = _mix(main, (255, 255, 255), 0.4)
        self.pale = _mix(main, (255, 255, 255), 0.82)
        self.ink = (43, 48, 56)
        self._scale = SIZE * 2 / 100
        self._image = Image.new("RGB", (SIZE * 2, SIZE * 2), self.pale)
        self._draw = ImageDraw.Draw(self._image)
        self._backdrop(turn)

    def polygon(self, points: list[Point], fill: Rgb) -> None:
        self._draw.polygon(self._at(points), fill=fill)

    def ellipse(self, box: tuple[float, float, float, float], fill: Rgb) -> None:
        self._draw.ellipse(self._box(box), fill=fill)

    def box(self, box: tuple[float, float, float, float], fill: Rgb, radius: float = 0) -> None:
        self._draw.rounded_rectangle(self._box(box), radius * self._scale, fill=fill)

    def line(self, points: list[Point], fill: Rgb, width: float = 1) -> None:
        self._draw.line(self._at(points), fill=fill, width=round(width * self._scale), joint="curve")

    def arc(self, box: tuple[float, float, float, float], start: int, end: int, fill: Rgb, width: float = 1) -> None:
        self._draw.arc(self._box(box), start, end, fill=fill, width=round(width * self._scale))

    def png(self) -> bytes:
        small = self._image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        out = BytesIO()
        small.quantize(64).save(out, "PNG", optimize=False)
        return out.getvalue()

    def _backdrop(self, turn: int) -> None:
        hill = _mix(self.pale, self.main, 0.14)
        shift = turn * 37 % 60
        self.ellipse((68 - shift, 10, 84 - shift, 26), _mix(self.pale, (255, 255, 255), 0.6))
        self.polygon([(-20 + shift, 80), (20 + shift, 42), (60 + shift, 80)], hill)
        self.polygon([(20 - shift / 2, 80), (75 - shift / 2, 34), (130, 80)], hill)
        self.box((0, 79, 100, 100), _mix(self.pale, self.main, 0.26))

    def _at(self, points: list[Point]) -> list[Point]:
        return [(x * self._scale, y * self._scale) for x, y in points]

    def _box(self, box: tuple[float, float, float, float]) -> list[float]:
        return [value * self._scale for value in box]


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _tent(pen: Pen) -> None:
    pen.polygon([(8, 82), (46, 26), (92, 82)], pen.main)
    pen.polygon([(46, 26), (92, 82), (66, 82)], pen.dark)
    pen.polygon([(34, 82), (46, 44), (56, 82)], pen.ink)
    pen.polygon([(34, 82), (46, 44), (30, 74)], pen.light)
    pen.line([(46, 26), (4, 84)], pen.ink, 0.6)
    pen.line([(46, 26), (97, 84)], pen.ink, 0.6)


def _sleeping_bag(pen: Pen) -> None:
    pen.polygon([(34, 30), (66, 30), (60, 86), (40, 86)], pen.main)
    pen.ellipse((30, 12, 70, 50), pen.main)
    pen.ellipse((38, 80, 62, 92), pen.main)
    pen.ellipse((38, 20, 62, 44), pen.dark)
    pen.ellipse((43, 25, 57, 40), pen.light)
    for y in (52, 62, 72, 82):
        pen.line([(37, y), (63, y)], pen.dark, 0.8)
    pen.line([(50, 46), (50, 90)], pen.light, 1)


def _mat(pen: Pen) -> None:
    pen.polygon([(14, 78), (58, 48), (92, 58), (50, 92)], pen.main)
    for step in range(1, 5):
        x, y = 14 + step * 8.8, 78 - step * 6
        pen.line([(x, y), (x + 36, y + 13)], pen.dark, 0.9)
    pen.ellipse((50, 34, 84, 64), pen.light)
    pen.ellipse((56, 39, 78, 59), pen.main)
    pen.ellipse((61, 43, 73, 55), pen.light)


def _stove(pen: Pen) -> None:
    pen.box((32, 34, 68, 58), pen.main, 3)
    pen.box((28, 31, 72, 36), pen.dark, 2)
    pen.box((46, 26, 54, 31), pen.ink, 2)
    pen.line([(68, 42), (86, 38)], pen.ink, 2.4)
    for x in (38, 46, 54, 62):
        pen.polygon([(x - 3, 67), (x, 59), (x + 3, 67)], (236, 156, 58))
    pen.box((34, 67, 66, 70), pen.ink, 1)
    pen.box((38, 70, 62, 86), pen.light, 4)
    pen.box((38, 75, 62, 80), pen.dark)


def _bottle(pen: Pen) -> None:
    pen.box((40, 14, 60, 26), pen.ink, 3)
    pen.box((42, 24, 58, 34), pen.light, 2)
    pen.box((34, 30, 66, 88), pen.main, 9)
    pen.box((38, 36, 43, 80), pen.light, 2)
    pen.polygon([(48, 66), (55, 52), (62, 66)], pen.pale)
    pen.arc((44, 6, 56, 20), 180, 360, pen.ink, 1.8)


def _jacket(pen: Pen) -> None:
    pen.polygon([(30, 28), (14, 74), (26, 79), (38, 46)], pen.dark)
    pen.polygon([(70, 28), (86, 74), (74, 79), (62, 46)], pen.dark)
    pen.polygon([(30, 28), (42, 22), (58, 22), (70, 28), (70, 86), (30, 86)], pen.main)
    pen.ellipse((38, 10, 62, 32), pen.dark)
    pen.ellipse((43, 15, 57, 32), pen.ink)
    pen.line([(50, 30), (50, 86)], pen.light, 1.2)
    pen.line([(35, 66), (44, 72)], pen.light, 1.2)
    pen.line([(65, 66), (56, 72)], pen.light, 1.2)


def _trousers(pen: Pen) -> None:
    pen.polygon([(32, 16), (68, 16), (74, 90), (56, 90), (50, 42), (44, 90), (26, 90)], pen.main)
    pen.box((31, 14, 69, 21), pen.dark, 1)
    pen.line([(50, 21), (50, 42)], pen.dark, 1)
    pen.line([(36, 24), (42, 32)], pen.light, 1.2)
    pen.line([(64, 24), (58, 32)], pen.light, 1.2)
    pen.box((29, 56, 42, 66), pen.dark, 1)
    pen.box((58, 56, 71, 66), pen.dark, 1)


def _socks(pen: Pen) -> None:
    for x, tone in ((10, pen.dark), (0, pen.main)):
        pen.box((30 + x, 16, 50 + x, 66), tone, 2)
        pen.box((30 + x, 56, 76 + x, 78), tone, 10)
    pen.box((30, 16, 50, 26), pen.light, 2)
    pen.ellipse((28, 58, 44, 78), pen.light)
    pen.ellipse((64, 57, 77, 78), pen.light)


def _hat(pen: Pen) -> None:
    pen.ellipse((24, 26, 76, 96), pen.main)
    pen.box((0, 74, 100, 100), pen.pale)
    pen.box((20, 62, 80, 78), pen.dark, 5)
    pen.ellipse((43, 14, 57, 28), pen.light)
    for x in range(26, 80, 8):
        pen.line([(x, 64), (x, 76)], pen.main, 1)


def _boot(pen: Pen) -> None:
    pen.polygon([(28, 20), (52, 20), (54, 52), (82, 64), (86, 78), (24, 78)], pen.main)
    pen.box((26, 16, 54, 26), pen.light, 4)
    pen.polygon([(70, 60), (82, 64), (86, 78), (68, 78)], pen.dark)
    pen.box((22, 77, 88, 86), pen.ink, 3)
    for x in range(26, 86, 10):
        pen.box((x, 84, x + 6, 89), pen.ink)
    for y in (34, 42, 50):
        pen.line([(42, y), (54, y - 3)], pen.pale, 1.6)


def _pack(pen: Pen) -> None:
    pen.box((18, 46, 34, 80), pen.dark, 5)
    pen.box((66, 46, 82, 80), pen.dark, 5)
    pen.box((28, 20, 72, 88), pen.main, 10)
    pen.box((26, 16, 74, 38), pen.dark, 8)
    pen.box((36, 54, 64, 80), pen.light, 4)
    pen.line([(36, 62), (64, 62)], pen.dark, 1.4)
    pen.line([(42, 36), (42, 50)], pen.ink, 2)
    pen.line([(58, 36), (58, 50)], pen.ink, 2)
    pen.arc((42, 8, 58, 24), 180, 360, pen.ink, 2)


def _lamp(pen: Pen) -> None:
    pen.polygon([(50, 52), (8, 92), (92, 92)], _mix(pen.pale, (255, 240, 170), 0.7))
    pen.arc((20, 8, 80, 68), 150, 390, pen.dark, 5)
    pen.box((34, 40, 66, 64), pen.main, 6)
    pen.ellipse((40, 42, 60, 62), pen.ink)
    pen.ellipse((44, 46, 56, 58), (255, 240, 170))


def _compass(pen: Pen) -> None:
    pen.ellipse((20, 18, 80, 78), pen.main)
    pen.ellipse((27, 25, 73, 71), (255, 255, 255))
    pen.polygon([(50, 28), (55, 48), (45, 48)], (193, 60, 44))
    pen.polygon([(50, 68), (55, 48), (45, 48)], pen.ink)
    pen.ellipse((47.5, 45.5, 52.5, 50.5), pen.light)
    pen.box((46, 8, 54, 18), pen.dark, 2)


def _tin(pen: Pen) -> None:
    pen.box((24, 44, 76, 82), pen.main, 5)
    pen.ellipse((24, 32, 76, 54), pen.dark)
    pen.ellipse((29, 35, 71, 50), pen.light)
    pen.box((36, 58, 64, 74), pen.pale, 2)
    pen.line([(40, 64), (60, 64)], pen.dark, 1.4)
    pen.line([(40, 69), (54, 69)], pen.dark, 1.4)


SHAPES: dict[str, Callable[[Pen], None]] = {
    "tents": _tent,
    "sleeping-bags": _sleeping_bag,
    "mats": _mat,
    "stoves": _stove,
    "bottles": _bottle,
    "jackets": _jacket,
    "trousers": _trousers,
    "socks": _socks,
    "hat": _hat,
    "boots": _boot,
    "packs": _pack,
    "lights": _lamp,
    "compass": _compass,
    "care": _tin,
}


def draw_portrait(*, skin: str, hair: str, shirt: str, long: bool) -> bytes:
    """A friendly face as PNG; colours are ``#rrggbb``."""
    side = 512
    image = Image.new("RGB", (side * 2, side * 2), "#dfe8e4")
    pen = ImageDraw.Draw(image)

    def ellipse(left: float, top: float, right: float, bottom: float, fill: str) -> None:
        pen.ellipse([value * side * 2 / 100 for value in (left, top, right, bottom)], fill=fill)

    if long:
        ellipse(23, 14, 77, 88, hair)
    ellipse(10, 74, 90, 150, shirt)
    pen.rectangle([value * side * 2 / 100 for value in (43, 62, 57, 80)], fill=skin)
    ellipse(39, 72, 61, 84, skin)
    ellipse(27, 12, 73, 58, hair)
    ellipse(31, 22, 69, 70, skin)
    pen.chord([value * side * 2 / 100 for value in (29, 13, 71, 46)], 180, 360, fill=hair)
    for eye in (42, 58):
        ellipse(eye - 2.4, 42, eye + 2.4, 47, "#2b3038")
    pen.arc([value * side * 2 / 100 for value in (41, 48, 59, 60)], 20, 160, fill="#a1503d", width=side // 36)
    out = BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()

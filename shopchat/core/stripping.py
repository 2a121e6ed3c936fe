"""Scripts and styles as they travel: without what is written for those who read the source."""

import re

BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def stripped(text: str) -> str:
    """The text without block comments, lines that are a comment, empty lines and indentation.

    Line ends stay, so that nothing depends on where a statement ends. The text must not hold ``/*`` within a string, nor
    ``//`` at the beginning of a line of one.
    """
    lines = (line.strip() for line in BLOCK_COMMENT.sub("", text).splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))

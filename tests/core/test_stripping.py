from shopchat.core.stripping import stripped

SCRIPT = """\
/**
 * What it is, for
 * readers.
 */
export class Shelf {
  // why
  get(name) {
    return `${name} /`; // kept: only whole lines go

  }
}
"""


def test_comments_indentation_and_empty_lines_go_and_line_ends_stay():
    assert (
        stripped(SCRIPT)
        == "export class Shelf {\nget(name) {\nreturn `${name} /`; // kept: only whole lines go\n}\n}\n"
    )


def test_what_is_stripped_stays_as_it_is():
    once = stripped(SCRIPT)

    assert stripped(once) == once

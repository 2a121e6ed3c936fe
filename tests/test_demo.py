"""What the demo store remembers between its terminals."""

from example_site import paths


def test_commands_in_another_terminal_make_links_to_the_running_store(tmp_path, monkeypatch):
    monkeypatch.delenv("PORT", raising=False)
    assert paths.port(tmp_path) == "8000"

    paths.note_port(tmp_path, 8123)

    assert paths.port(tmp_path) == "8123"
    monkeypatch.setenv("PORT", "9000")
    assert paths.port(tmp_path) == "9000"


def test_a_reset_forgets_where_it_was(tmp_path):
    paths.prepare(tmp_path)
    paths.note_port(tmp_path, 8123)

    paths.remove(tmp_path)

    assert not tmp_path.exists()

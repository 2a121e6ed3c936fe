"""The desk's views. Each address answers with one thing: a whole page, or one fragment of it."""

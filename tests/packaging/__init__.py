"""What a store installs: the wheel alone, in an environment of its own."""

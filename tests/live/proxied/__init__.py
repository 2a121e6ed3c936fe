"""A store as the guide to live updates sets it up: real servers behind a real nginx, on ports and in a folder of its own."""

"""A small shop with the chat, as the benchmarks need it: settings from the environment, nothing but what is measured."""

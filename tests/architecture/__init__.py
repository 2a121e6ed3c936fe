"""Rules that the build keeps. Each is a function over source, shown once to find an offence."""

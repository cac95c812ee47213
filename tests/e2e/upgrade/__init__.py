"""The state of an installation of the last release, and the program that makes it."""

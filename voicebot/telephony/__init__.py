"""The line: Line and Leg protocols and their engines."""

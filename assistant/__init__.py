"""Interview Assistant: practise for a real job posting, with feedback that can be checked."""

__version__ = "0.1.0"

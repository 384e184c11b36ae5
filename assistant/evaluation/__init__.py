"""Evaluations anyone can re-run: `interview-assistant evaluate NAME`. Each reads its cases from a file and returns a report."""

"""The embedded engine: answers every task from the study notes, the question bank, rules and the local embedding model.

No network, no key. On the page it is called the built-in checker. `engine.EmbeddedEngine` dispatches; one file per task it can answer.
"""

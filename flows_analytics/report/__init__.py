"""Pages and terminal text: view models computed from a record, and templates that only print them.

No number is computed in a template, and nothing here knows Pipecat.
"""

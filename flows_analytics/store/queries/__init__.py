"""The questions that are asked of the tables, in SQL that any engine understands.

Nothing but SELECT, WHERE, JOIN, GROUP BY, UNION ALL, SUM(CASE), COUNT, MIN and LIKE on numbers: what is hard to
say so was written once, when the tables were.
"""

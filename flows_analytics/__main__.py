"""``python -m flows_analytics`` is ``flows-analytics``."""

from flows_analytics.cli import run

if __name__ == "__main__":
    run()

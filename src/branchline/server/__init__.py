"""The receiver of pushes, the queue and its workers, the dashboard."""

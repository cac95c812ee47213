"""The work of the DAG tasks, one verb per module."""

"""One verb a file: each module does the work of one DAG task."""

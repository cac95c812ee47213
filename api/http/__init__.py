"""HTTP below the endpoints: request boundary, access log, connections, shutdown."""

"""The challenger in shadow: it predicts a sample of the requests, and nobody sees its responses."""

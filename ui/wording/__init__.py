"""Plain words for names, codes and values of the API."""

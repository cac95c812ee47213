"""Bodies of other systems' protocols, as rows of fields."""

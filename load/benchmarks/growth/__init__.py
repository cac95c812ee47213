"""How time and memory grow with the number of encounters, from the file to the prediction log."""

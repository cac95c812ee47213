"""Predictions for encounters in files of any size, written as parts that a repeated run keeps."""

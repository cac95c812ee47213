"""Readers of uploaded encounters and writers of predictions, all in bounded memory."""

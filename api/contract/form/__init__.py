"""What a form for one encounter needs: the fields in words, and examples to start from."""

"""Parts of a page that more than one page uses, or that one page is composed of."""

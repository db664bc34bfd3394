"""One file a page; `rendering` is what they share."""

"""What the tracker costs a page's main thread, beside another tracker that is known to be small."""

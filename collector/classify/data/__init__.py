"""What the collector knows of the world: sites, words, stages."""

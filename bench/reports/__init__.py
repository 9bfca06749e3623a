"""How long reports take on months of traffic, and what they cost the collector meanwhile."""

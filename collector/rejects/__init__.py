"""What broke the contract: kept, listed, exported and replayed."""

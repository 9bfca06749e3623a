"""What of an address is not stored: one list for the collector and the browser's tracker."""

"""From a request to the upstream and back: routes, paths, headers, targets, tries."""

/** What all scripts of a page share. Not window: modules may be read on a server. */
export const globals = globalThis as unknown as Record<string, unknown>;

/** Whether settings may be functions: the script tag has attributes only. The build says it. */
declare const TAKES_FUNCTIONS: boolean;
export const takesFunctions = TAKES_FUNCTIONS;

/** What all scripts of a page share. Not window: modules may be read on a server. */
export const globals = globalThis as unknown as Record<string, unknown>;

/** What may be done with an event. */
export const WAIT = -1; // nobody has decided yet: it is kept in memory
export const NOTHING = 0;
export const COUNT = 1; // sent without what tells visitors apart; nothing is stored here
export const EVERYTHING = 2;

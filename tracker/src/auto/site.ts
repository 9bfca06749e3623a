import type { EventFields } from "../types.js";

/** What automatic events need of the tracker and of its settings. */
export interface Site {
  trackEvent: (type: string, name: string, fields: EventFields) => unknown;
  trackFormSubmit: (name: string, form: HTMLFormElement) => unknown;
  /** An address without what must not be sent. */
  redactUrl: (address: string) => string;
  /** Hosts that count as this site, with blanks between. */
  linkDomains?: string;
  hashRouting?: boolean;
  sessionMinutes?: number;
}

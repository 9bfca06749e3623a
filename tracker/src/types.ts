/** What pages may configure, call and send. */

export type Money = number | string;

/** Who a customer is, for ad platforms alone (docs/privacy.md#user-data). */
export interface UserData {
  email?: string | null;
  phone?: string | null;
  first_name?: string | null;
  last_name?: string | null;
  street?: string | null;
  city?: string | null;
  region?: string | null;
  postal_code?: string | null;
  country?: string | null;
}

type Answer = "granted" | "denied" | boolean;

/** What a visitor consented to: Google's four signals, or two words for them. */
export interface ConsentSignals {
  ad_storage?: Answer;
  ad_user_data?: Answer;
  ad_personalization?: Answer;
  analytics_storage?: Answer;
  /** For `analytics_storage`. */
  analytics?: Answer;
  /** For the other three. */
  marketing?: Answer;
}

/** Fields of an event that a page may set; the names are those of `POST /v1/events/track`. */
export interface EventFields {
  page_url?: string;
  page_title?: string;
  conversion_value?: Money;
  /** Three letters; `Config.currency` where a value has none. */
  currency?: string | null;
  order_id?: string;
  user_id?: string | null;
  stripe_session_id?: string;
  stripe_customer_id?: string;
  form_data?: Record<string, unknown> | null;
  metadata?: Record<string, unknown> | null;
  /** In the place of what `setConsent` said. */
  consent?: ConsentSignals;
  /** Sent where the visitor may be marketed to; no pixel is told of it. */
  user_data?: UserData | null;
}

/** An event as it goes to the gateway. */
export interface WireEvent extends EventFields {
  event_type: string;
  event_name: string;
  event_id: string;
  /** Epoch milliseconds, the device's clock. */
  occurred_at: number;
  page_url: string;
  session_id?: string;
  sequence?: number;
  visitor_id?: string | null;
  referrer?: string | null;
  utm_params?: Record<string, string> | null;
  click_ids?: Record<string, string> | null;
  ga_client_id?: string;
  ga_session_id?: string;
  fb_pixel_id?: string;
  fb_event_id?: string | null;
  linkedin_partner_id?: string;
  device_type?: string;
  browser?: string;
  os?: string;
}

export interface Consent {
  /** Sending events and keeping a session on the device. */
  analytics?: boolean;
  /** Pixels, and the cookies that they set. */
  marketing?: boolean;
}

/**
 * Who knows what the visitor allows. Tells each answer, whole; what is undefined in it is not
 * decided. Returns how to stop it.
 */
export type ConsentSource = (tell: (answer: Consent) => void) => () => void;

export interface Config {
  /** Address of the gateway, such as `https://api.example.com`. */
  endpoint: string;
  /** Key of the session in sessionStorage. Default: `ct_session_id`. */
  sessionKey?: string;
  /** A session ends after so many minutes without an event. Default: 30. */
  sessionMinutes?: number;
  /** A new campaign, or a click on an ad, begins no new session. */
  keepSession?: boolean;
  /**
   * What holds until `setConsent` is called. `required`: events wait in memory; `count`:
   * events are sent without identifiers. Default: everything is allowed.
   */
  consent?: "required" | "count";
  /**
   * What is tracked of visitors who send Global Privacy Control or Do Not Track: `off`,
   * nothing; `count` (default), events without identifiers; `on`, everything.
   */
  privacySignal?: "off" | "count" | "on";
  /** Also send a visitor id that outlives the session, once consent was given. */
  visitorId?: boolean;
  /** Count page views only when asked: by a call, or by the hook. */
  manualPageViews?: boolean;
  /** The route is in the address's hash, as in `#/pricing`: another one is another page. */
  hashRouting?: boolean;
  /** Track browsers that a program drives (navigator.webdriver) too, for tests. */
  automation?: boolean;
  /** Currency of values that name none. Default: `USD`. */
  currency?: string;
  /** Load the pixels whose ids are given below; else they fire where the page loaded them. */
  loadPixels?: boolean;
  metaPixelId?: string;
  /** Ids of Google tags, comma-separated: `G-...` (GA4), `AW-...` (Ads). */
  googleTagIds?: string;
  /** Google Ads: type of event to `AW-.../label`. */
  googleAdsConversions?: Record<string, string>;
  linkedinPartnerId?: string;
  /** LinkedIn: type of event to conversion id. */
  linkedinConversions?: Record<string, string | number>;
  /**
   * Events that the page tells of by itself, by the script tag: words of `outbound`,
   * `downloads`, `elements`, `engagement`, `not-found`, or true for all. A module has
   * `trackAutomatically` of `conversion-tracking/auto`.
   */
  auto?: boolean | string;
  /** Fields of the metadata of every event; an event's own win. */
  properties?: Record<string, unknown>;
  /** Paths with stars, `/users/* /orders/*\/items`: the path of a page that fits is sent as that. */
  pathGroups?: string;
  /** Other hosts of the site, with blanks between: links to them carry the session. */
  linkDomains?: string;
  /**
   * By the script tag: who knows of consent, `tcf,consent-mode,gpc`, or these with their options.
   * A module has `followConsent` of `conversion-tracking/consent`.
   */
  followConsent?: string | Record<string, object>;
  /** Say in the console what happens. */
  debug?: boolean;
  /**
   * The token for the Authorization header, without "Bearer". Asked once more, with true,
   * after a 401.
   */
  token?: (again: boolean) => string | null | undefined | Promise<string | null | undefined>;
  /**
   * Last look at an event: change it, or return null to drop it. An attribute has the name of a
   * function of the page.
   */
  beforeSend?: string | ((event: WireEvent) => WireEvent | null | undefined);
}

/** Resolves with the event's id, or with undefined where nothing is sent. Never rejects. */
export type Tracked = Promise<string | undefined>;

/** Its functions need no `this`. */
export interface Tracker {
  trackPageView: (fields?: EventFields) => Tracked;
  trackEvent: (eventType: string, eventName?: string, fields?: EventFields) => Tracked;
  /** Fields that look like passwords, card numbers or tokens are left out. */
  trackFormSubmit: (
    formName: string,
    data?: HTMLFormElement | FormData | Record<string, unknown>,
  ) => Tracked;
  trackSignup: (method?: string, userId?: string, fields?: EventFields) => Tracked;
  trackCheckoutStart: (
    value: Money,
    stripeSessionId?: string,
    userId?: string,
    fields?: EventFields,
  ) => Tracked;
  trackCheckoutComplete: (
    value: Money,
    stripeSessionId?: string,
    userId?: string,
    fields?: EventFields,
  ) => Tracked;
  trackPurchase: (
    value: Money,
    stripeSessionId?: string,
    userId?: string,
    fields?: EventFields,
  ) => Tracked;
  /** The user of this and all later events of the session; null forgets them. */
  identify: (userId: string | null) => Tracked;
  setConsent: (consent: Consent) => void;
  /** Count this page, unless it was counted, and client-side navigation from now on. */
  startPageViews: () => void;
}

/** A call, as pages note it before the tracker is there: `["trackSignup", "email"]`. */
export type Call = {
  [Name in keyof Tracker]: [name: Name, ...args: Parameters<Tracker[Name]>];
}[keyof Tracker];

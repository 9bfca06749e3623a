"use client";

import { useEffect } from "react";
import * as tracking from "./index.js";
import type { Tracker } from "./index.js";

const functions: Tracker = {
  trackPageView: tracking.trackPageView,
  trackEvent: tracking.trackEvent,
  trackFormSubmit: tracking.trackFormSubmit,
  trackSignup: tracking.trackSignup,
  trackCheckoutStart: tracking.trackCheckoutStart,
  trackCheckoutComplete: tracking.trackCheckoutComplete,
  trackPurchase: tracking.trackPurchase,
  identify: tracking.identify,
  setConsent: tracking.setConsent,
  startPageViews: tracking.startPageViews,
};

/** The tracking functions; the same object each time, so that it may stand in dependencies. */
export const useConversionTracking = (): Tracker => functions;

/**
 * Counts the page, and those that client-side navigation shows later. It may stand in a
 * layout or in every page: a page counts once for a visit of its path, in StrictMode too.
 */
export const usePageViewTracking = (): void => {
  useEffect(() => {
    void tracking.startPageViews();
  }, []);
};

"use client";
import { init, setConsent } from "conversion-tracking";
import { followConsent, gpc, tcf } from "conversion-tracking/consent";
import { usePageViewTracking } from "conversion-tracking/react";

init({ endpoint: process.env.NEXT_PUBLIC_API_URL!, consent: "required" });
followConsent(setConsent, tcf(), gpc());
export function Tracking() {
  usePageViewTracking();
  return null;
}

"use client";
import { init } from "conversion-tracking";
import { usePageViewTracking } from "conversion-tracking/react";

init({ endpoint: process.env.NEXT_PUBLIC_API_URL! });
export function Tracking() {
  usePageViewTracking();
  return null;
}

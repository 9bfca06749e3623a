/** Device type and operating system under the names that docs/devices.md gives them. */
export interface DeviceFacts {
  device_type?: string;
  os?: string;
}

/**
 * What a browser knows better than its User-Agent tells: since iPadOS 13 an iPad says that it
 * is a Mac, but no Mac has a touch screen. Everything else the collector reads from the
 * User-Agent header: it would get the same text twice.
 */
export const readDevice = ({ userAgent, maxTouchPoints }: Navigator): DeviceFacts =>
  /Macintosh/.test(userAgent) && maxTouchPoints > 1 ? { device_type: "tablet", os: "iOS" } : {};

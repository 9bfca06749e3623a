/** What only the browser knows of itself, by the names that docs/devices.md gives it. */
export interface DeviceFacts {
  device_type?: string;
  os?: string;
  browser?: string;
}

/** What is read of a browser. Chromium has the client hints, on pages served over HTTPS. */
export type DeviceSource = Pick<Navigator, "userAgent" | "maxTouchPoints"> & {
  userAgentData?: { mobile?: boolean };
};

/**
 * All else the collector reads in the User-Agent header, and what is sent is believed. Brave
 * says there that it is Chrome, and since iPadOS 13 an iPad that it is a Mac, but no Mac has a
 * touch screen.
 */
export const readDevice = ({ userAgent, maxTouchPoints, userAgentData }: DeviceSource): DeviceFacts => {
  if (maxTouchPoints > 1 && /Macintosh/.test(userAgent))
    return {
      device_type: "tablet",
      os: "iOS",
      // Others on an iPad name themselves.
      browser: /Gecko\S+ Version\S+ Safari\S+$/.test(userAgent) ? "Mobile Safari" : undefined,
    };
  return /Brave"/.test(JSON.stringify(userAgentData))
    ? { browser: userAgentData!.mobile ? "Brave Mobile" : "Brave" }
    : {};
};

/** Device type, browser and operating system, by the names that docs/devices.md gives them. */
export interface DeviceFacts {
  device_type?: string;
  os?: string;
  browser?: string;
}

/** What is read of a browser. Chromium has the client hints, on pages served over HTTPS. */
export type DeviceSource = Pick<Navigator, "userAgent" | "maxTouchPoints"> & {
  userAgentData?: object;
};

// Both are searched in the client hints as JSON, with the User-Agent behind them. A tablet
// with Android does not say Mobile; only the hints have a quote behind Linux, and know which
// Linux is Chrome OS.
const SYSTEM = /Windows(?!.*Xbox)|Mac OS X|iPhone|Android(?=.*Mobile)|Chrome OS|Linux(?=")/;
// Of Chromium's many browsers, by their brands, which end with a quote; or Safari or Firefox
// whose User-Agent says nothing more, as it does for apps, bots and other browsers on iOS.
const BROWSER =
  /\b(Chrome|Edge|Opera|Brave)"|Gecko\S+ (?:Version\S+ (?:Mobile\S+ )?)?(Safari|Firefox)\S+$/;

/**
 * What the browser is, as the collector would say of its User-Agent, and better where the
 * browser knows better: Brave says that it is Chrome, and since iPadOS 13 an iPad that it is
 * a Mac, but no Mac has a touch screen. The collector believes what is sent: where a browser
 * or a system is not known here, nothing is, and the collector reads the User-Agent header.
 */
export const readDevice = (browser: DeviceSource): DeviceFacts => {
  const text = JSON.stringify(browser.userAgentData) + browser.userAgent;
  const [system] = text.match(SYSTEM) ?? [];
  const [, brand, name = brand] = text.match(BROWSER) ?? [];
  const isPad = browser.maxTouchPoints > 1 && system === "Mac OS X";
  const facts = (device_type: string, os: string, browser?: string) => ({
    device_type,
    os,
    browser,
  });
  if (isPad) return facts("tablet", "iOS", name && "Mobile " + name);
  if (!name || !system) return {};
  if (system === "iPhone") return facts("mobile", "iOS", "Mobile " + name);
  if (system === "Android") return facts("mobile", system, name + " Mobile");
  return facts("desktop", system, name);
};

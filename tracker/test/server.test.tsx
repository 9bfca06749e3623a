// @vitest-environment node
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { followConsent, gpc, tcf } from "../src/consent.js";
import * as tracking from "../src/index.js";
import { useConversionTracking, usePageViewTracking } from "../src/react.js";

test("on a server pages render, and calls do nothing", async () => {
  const Page = () => {
    usePageViewTracking();
    const { trackEvent } = useConversionTracking();
    return <p>{typeof trackEvent}</p>;
  };
  tracking.init({ endpoint: "https://gateway.example" });
  expect(renderToString(<Page />)).toBe("<p>function</p>");
  followConsent(tracking.setConsent, tcf(), gpc())();
  await expect(tracking.trackSignup("email")).resolves.toBeUndefined();
});

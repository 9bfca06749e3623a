const { setConsent, trackSignup } = require("conversion-tracking");
const { consentMode, followConsent } = require("conversion-tracking/consent");
const { useConversionTracking } = require("conversion-tracking/react");

test("on a server, and in tests, calls do nothing", async () => {
  await expect(trackSignup("email")).resolves.toBeUndefined();
  expect(useConversionTracking().trackSignup).toBe(trackSignup);
  followConsent(setConsent, consentMode())();
});

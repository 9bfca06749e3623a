// The checkout. Three events: it began; it was paid; the subscription exists.
import { post } from "./post.js";

const form = document.querySelector("#checkout-form");
const button = document.querySelector("#pay");
const error = document.querySelector("#checkout-error");
// The value is a text, as the server wrote it: 29.00 stays 29.00.
const { plan, value, currency, checkoutSession } = form.dataset;

window.conversionTracking.push([
  "trackCheckoutStart",
  value,
  checkoutSession,
  undefined, // the user: known since the sign-up
  { currency, metadata: { plan } },
]);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  error.textContent = "";
  try {
    const { order_id } = await post("/api/payments");
    const fields = { currency, order_id, metadata: { plan } };
    // trackPurchase would be the same stage of the funnel, and for the pixels of Meta, Google and
    // LinkedIn a second purchase beside the subscription.
    window.conversionTracking.push([
      "trackCheckoutComplete",
      value,
      checkoutSession,
      undefined,
      fields,
    ]);
    window.conversionTracking.push([
      "trackEvent",
      "subscription_created",
      `Subscribed to ${plan}`,
      { ...fields, conversion_value: value },
    ]);
    location.assign("/welcome");
  } catch (failure) {
    error.textContent = failure.message;
    button.disabled = false;
  }
});

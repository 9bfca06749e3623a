// The sign-up form. Two events: the form was sent; the account exists.
import { post } from "./post.js";

const form = document.querySelector("#signup-form");
const button = document.querySelector("#signup-submit");
const error = document.querySelector("#signup-error");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  error.textContent = "";
  // Before the server's answer: that somebody tried counts, also when it fails. Of the form's
  // fields the tracker leaves out what looks like a password, a card or a token.
  window.conversionTracking.push([
    "trackFormSubmit",
    "Signup",
    Object.fromEntries(new FormData(form)),
  ]);
  try {
    const { user_id } = await post("/api/accounts");
    // After it: only an account is a sign-up. From here on all events of the session name the user.
    window.conversionTracking.push(["trackSignup", "email", user_id]);
    // There is nothing to wait for: what was pushed arrives, though the page closes.
    location.assign(`/checkout?plan=${form.dataset.plan}`);
  } catch (failure) {
    error.textContent = failure.message;
    button.disabled = false;
  }
});

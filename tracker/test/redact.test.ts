import { describe, expect, test } from "vitest";
import addresses from "../../tests/data/addresses.json";
import { isSecretValue, readForm } from "../src/forms.js";
import { noteForm } from "../src/noted_form.js";
import { isSecretName, redactUrl } from "../src/redact.js";

const redactForm = (data: unknown, note: (...about: unknown[]) => void) => readForm(noteForm(data), note);

describe("names", () => {
  test.each([
    "password", "Password", "user_pass", "passwd", "passphrase", "newPassword2", "pwd",
    "secret", "clientSecret", "token", "access_token", "csrf", "csrfmiddlewaretoken", "auth",
    "Authorization", "api_key", "apiKey", "private-key", "card", "cardNumber", "cc_card", "cvc",
    "cvv2", "iban", "ssn", "otp", "otp_code", "pin", "user_pin", "jwt", "userPin", "user[pass]",
    "current-password", "new-password", "one-time-code", "oneTimeCode", "cc-number", "cc-csc",
    "cc-exp-month", "ccNumber", "creditCardNumber", "card-cvc", "login_code", "2fa_code",
    "user%5Bpassword%5D", "x-csrf-token", "bankcard", "secret_key", "APIKEY", "licenseKey",
  ])("%s is secret", (name) => expect(isSecretName(name)).toBe(true));

  test.each([
    "email", "name", "first_name", "passengers", "message", "author", "company", "plan", "phone",
    "shipping", "opinion", "source", "country", "zip", "keyword", "promo_code", "quantity",
    "businessName", "className", "accessNumber", "passion", "compass", "bypass", "class_pass",
    "postcard", "discard", "gift_card_message", "wildcard", "cardio", "pincode", "pin_code",
    "pinterest", "secretary", "authority", "monkey", "whiskey", "token_amount", "pinned", "authuser",
    "postal_code", "country_code", "cc_email", "card_type", "keynote", "tokens_left", "street",
  ])("%s is not", (name) => expect(isSecretName(name)).toBe(false));
});

describe("values", () => {
  test.each([
    "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005",
    "6304000000000000", "30569309025904", "my card: 5555555555554444, thanks",
    "4111 1111 1111 1111 12/27", "4111111111111111 123", "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "sk_live_51H8xyz", "AKIAIOSFODNN7EXAMPLE",
    "4111.1111.1111.1111", "4111/1111/1111/1111", "4111  1111  1111  1111", "4111_1111_1111_1111",
    "４１１１１１１１１１１１１１１１", "4222222222222", "6011000990139424009", "a4111111111111111",
    "_4111111111111111_", "3782-822463-10005", "DE89 3704 0044 0532 0130 00", "123-45-6789",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0",
  ])("%s is secret", (value) => expect(isSecretValue(value)).toBe(true));

  test.each([
    "", "ada@example.com", "+49 1512 3456789", "4111111111111112", "1732300000000", "2026-11-22",
    "018f3c1e-9a4b-7c3d-8e2f-1a2b3c4d5e6f", "https://example.com/a/long/path?with=values", "29.99",
    "donaudampfschifffahrtsgesellschaftskapitaen", "12345678901234567890123456789012345",
    "490154203237518", "d41d8cd98f00b204e9800998ecf8427e", "SKU-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789",
    "see https://docs.google.com/document/d/1aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcdefg/edit",
    "EAIaIQobChMI1234567890abcdef_BwE", "2026-11-22 12:34:56.789", "+49 171 1234567",
  ])("%s is not", (value) => expect(isSecretValue(value)).toBe(false));

  test("a long text without breaks is searched in time", () => {
    const start = performance.now();
    isSecretValue("a".repeat(200_000));
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe("a form", () => {
  test("loses what is secret at all depths, and says the names", () => {
    const dropped: unknown[] = [];
    const data = {
      email: "ada@example.com",
      password: "hunter2",
      address: { city: "Turin", pin: "1234" },
      note: "4111 1111 1111 1111",
      number: 4111111111111111,
      list: ["a", "b"],
      empty: null,
    };
    expect(redactForm(data, (...about) => void dropped.push(about))).toEqual({
      email: "ada@example.com",
      address: { city: "Turin" },
      list: ["a", "b"],
      empty: null,
    });
    expect(dropped).toEqual(["password", "pin", "note", "number"].map((name) => ["dropped", name]));
    expect(data.password).toBe("hunter2");
  });

  test("of the page has all values of a name, and nothing of its inputs for secrets", () => {
    document.body.innerHTML = `<form>
      <input name="email" value="ada@example.com"><input name="colour" type="checkbox" value="red" checked>
      <input name="colour" type="checkbox" value="blue" checked>
      <input name="login_code" type="password" value="hunter2">
      <input name="code" autocomplete="one-time-code" value="123456">
      <input name="number" autocomplete="section-a billing cc-number" value="1">
    </form>`;
    const form = document.querySelector("form")!;
    const expected = { email: "ada@example.com", colour: ["red", "blue"] };
    expect(redactForm(form, () => {})).toEqual(expected);
    expect(redactForm(new FormData(form), () => {})).toEqual(expected);
    expect(redactForm(Object.fromEntries(new FormData(form)), () => {})).toEqual({ ...expected, colour: "blue" });
  });

  test("may be anything else, too", () => {
    expect(redactForm(undefined, () => {})).toBeUndefined();
    expect(redactForm({ big: 1n, kind: Symbol("x") }, () => {})).toEqual({ big: "1", kind: "Symbol(x)" });
  });
});

describe("an address", () => {
  // The collector's test goes on from here: what it makes of both, and of the tracker's, is the same.
  test.each(addresses)("$address", ({ address, tracker }) => {
    // The core takes out what is no route.
    expect(redactUrl(address.replace(/#(?!!?\/).*/, ""))).toBe(tracker);
    expect(redactUrl(tracker)).toBe(tracker);
  });

  test("of any length is read in time", () => {
    const start = performance.now();
    redactUrl("https://a.example/?" + "&token".repeat(50_000));
    redactUrl("https://a.example/?" + "token".repeat(50_000));
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

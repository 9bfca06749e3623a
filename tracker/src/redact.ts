import { toPlain } from "./plain.js";

/** What looks like a password, a card number or a token does not leave the page. */

// The secret names of collector/redaction/names.toml as a pattern, which the build puts here.
declare const SECRET_NAMES: string;

const SECRET_NAME = RegExp(SECRET_NAMES, "i");

/** The check digit of payment cards (ISO/IEC 7812-1, annex B). */
const luhn = (digits: string[]): boolean =>
  !(
    digits.reduce(
      (sum, digit, index) =>
        // Every other digit counts double, as the sum of the double's own digits.
        sum + +((digits.length - index) % 2 ? digit : (+digit * 2) % 9 || digit),
      0,
    ) % 10
  );

export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

export const isSecretValue = (text: string): boolean =>
  // 32 and more letters and digits without a break: API keys, hashes, the parts of a JSON web
  // token. A UUID has breaks. The \b keeps the search linear.
  /\b(?=\w*\d)(?=\w*[a-z])\w{32}/i.test(text) ||
  // 14 to 16 digits, as nearly all payment cards have them; a date or a CVC may follow. Shorter
  // ones are phone numbers and times.
  (text.match(/\b[2-6]([ -]?\d){13,15}\b/g) ?? []).some((match) => luhn(match.match(/\d/g)!));

/** A copy of a form's data, at all depths, without what looks secret; `note` hears its name. */
export const redactForm = (data: unknown, note: (...about: unknown[]) => void): unknown =>
  toPlain(data, (name, value) => {
    // A list is looked at by its elements, and an object by its fields.
    const isSecret = isSecretName(name) || (typeof value !== "object" && isSecretValue(String(value)));
    if (isSecret) note("dropped", name);
    return isSecret;
  });

/**
 * An address without its fragment, and with a mark in the place of parameters that are named like
 * secrets. The collector looks for more (docs/data.md#addresses); what it would not cut, stays, but for a click id that is named so, which is sent beside.
 */
export const redactUrl = (address: string): string =>
  address
    .replace(/#.*/, "")
    .replace(/([?&][^=&]*=)[^&]+/g, (parameter, name: string) =>
      isSecretName(name) ? name + "(redacted)" : parameter,
    );

/** For events without identifiers: no list of parameters could name all that are some. */
export const withoutQuery = (address: string): string => address.replace(/\?.*/, "");

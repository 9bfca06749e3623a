import { toPlain } from "./plain.js";

/** What looks like a password, a card number or a token does not leave the page. */

// The names of collector/redaction/names.toml as patterns, which the build puts here.
declare const SECRET_NAMES: string;
declare const PERSONAL_NAMES: string;
declare const LONG_NAMES: string;

const SECRET_NAME = RegExp(SECRET_NAMES, "i");
const PERSONAL_NAME = RegExp(PERSONAL_NAMES, "i");
const LONG_NAME = RegExp(LONG_NAMES, "i");
const LONG = 20;
const MARK = "(redacted)";

/** A name whose words stand apart: `user_Pin_` for `userPin%5D`. */
const apart = (name: string): string =>
  name.replace(/%[\da-f]{2}/gi, "_").replace(/([a-z\d])(?=[A-Z])/g, "$1_");

export const isSecretName = (name: string): boolean => SECRET_NAME.test(apart(name));

/** The check digit of payment cards (ISO/IEC 7812-1, annex B). */
const luhn = (digits: string): boolean => {
  let sum = 0;
  // Every other digit counts double, as the sum of the double's own digits.
  for (let index = 0; index < digits.length; index++) {
    const digit = +digits[index]!;
    sum += (digits.length - index) % 2 ? digit : (digit * 2) % 9 || digit;
  }
  return sum % 10 < 1;
};

// By length, as cards begin: of 15 digits those of American Express alone, for an IMEI has as many.
const isCard = (digits: string): boolean =>
  /^(4\d{12}|3[47]\d{13}|[2-6](\d{13}|\d{15,18}))$/.test(digits) && luhn(digits);

/** Groups of three and more digits of any alphabet, with one or two characters in between. */
const hasCard = (text: string): boolean =>
  (text.normalize("NFKC").match(/\d{3,}([^\p{L}\d]{1,2}\d{3,})*/gu) ?? []).some((run) => {
    const groups = run.match(/\d+/g)!;
    return groups.some((_group, begin) => {
      let digits = "";
      return groups.slice(begin, begin + 6).some((group) => isCard((digits += group)));
    });
  });

// Keys by the forms that Stripe, AWS, GitHub, GitLab, Slack and Google gave them, JSON web
// tokens, IBANs, social security numbers.
const SECRET_VALUE =
  /\b([sr]k_(live|test)_|AKIA[A-Z\d]{9}|gh[a-z]_\w{20}|glpat-|xox[a-z]-|AIza[\w-]{20}|eyJ[\w-]+\.eyJ|[A-Z]{2}\d\d( ?[A-Z\d]{4}){3,7}( ?[A-Z\d]{1,3})?\b|\d{3}-\d\d-\d{4}\b)/;

export const isSecretValue = (text: string): boolean => SECRET_VALUE.test(text) || hasCard(text);

/** Names of the page's inputs for passwords, codes and cards, whatever they are called. */
const secretInputs = (): string[] =>
  [...document.querySelectorAll("input")]
    .filter(({ type, autocomplete }) => type === "password" || isSecretName(autocomplete))
    .map(({ name }) => name);

/** A form's fields: of several with one name all values. */
const readForm = (data: unknown): unknown => {
  const form = data instanceof HTMLFormElement ? new FormData(data) : data;
  if (!(form instanceof FormData)) return data;
  return Object.fromEntries(
    [...form.keys()].map((name) => {
      const values = form.getAll(name);
      return [name, values[1] ? values : values[0]];
    }),
  );
};

/**
 * A copy of a form's data, at all depths, without what looks secret; `note` hears its name.
 * `data` is a form, its FormData or an object.
 */
export const redactForm = (data: unknown, note: (...about: unknown[]) => void): unknown => {
  const secret = secretInputs();
  return toPlain(readForm(data), (name, value) => {
    const isSecret =
      isSecretName(name) ||
      secret.includes(name) ||
      // A list is looked at by its elements, and an object by its fields.
      (typeof value !== "object" && isSecretValue(String(value)));
    if (isSecret) note("dropped", name);
    return isSecret;
  });
};

const isNamedSecret = (name: string, value: string): boolean =>
  SECRET_NAME.test(name) ||
  PERSONAL_NAME.test(name) ||
  (value.length >= LONG && LONG_NAME.test(name));

/**
 * An address without its fragment, unless that is a route, and with a mark in the place of
 * parameters that are named like secrets or persons; in an address within it, escaped, too. The
 * collector looks for more (docs/data.md#addresses); what it would not cut, stays, but for a
 * click id that is named so, which is sent beside.
 */
export const redactUrl = (address: string): string => {
  // What ends the value that is being left out.
  let end: RegExp | undefined;
  return address
    .replace(/#(?!!?\/).*/, "")
    .split(/(?=[?&#;]|%3F|%26)/i)
    .map((part) => {
      if (end && !end.test(part)) return "";
      end = undefined;
      const [, begin, name, value] = part.match(/^((?:[?&#;]|%..)(.*?)(?:=|%3D))(.+)/i) ?? [];
      if (!value || !isNamedSecret(apart(name!), value)) return part;
      // In a path the next part is no value any more.
      if (part[0] === ";") return begin + value.replace(/^[^/]+/, MARK);
      end = part[0] === "%" ? /^([?&#;]|%26)/ : /^[&#]/;
      return begin + MARK;
    })
    .join("");
};

/** For events without identifiers: no list of parameters could name all that are some. */
export const withoutQuery = (address: string): string => address.replace(/\?[^#]*/g, "");

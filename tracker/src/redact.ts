/** What is named like a secret or a person does not leave the page. */

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

const isNamedSecret = (name: string, value: string): boolean =>
  SECRET_NAME.test(name) ||
  PERSONAL_NAME.test(name) ||
  (value.length >= LONG && LONG_NAME.test(name));

/**
 * An address with a mark in the place of
 * parameters that are named like secrets or persons; in an address within it, escaped, too. The
 * collector looks for more (docs/data.md#addresses); what it would not cut, stays, but for a
 * click id that is named so, which is sent beside.
 */
export const redactUrl = (address: string): string => {
  // What ends the value that is being left out.
  let end: RegExp | undefined;
  return address
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

/** What looks like a password, a card number or a token does not leave the page. */
import type { NotedForm } from "./noted_form.js";
import { isSecretName } from "./redact.js";

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

/** Names of inputs for passwords, codes and cards, whatever they are called. */
const secretNames = (inputs: Iterable<HTMLInputElement>): string[] =>
  [...inputs]
    .filter(({ type, autocomplete }) => type === "password" || isSecretName(autocomplete))
    .map(({ name }) => name);

/** A form's fields as plain values: of several with one name all values. */
const fieldsOf = (data: unknown): unknown =>
  data instanceof FormData
    ? Object.fromEntries(
        [...data.keys()].map((name) => {
          const values = data.getAll(name);
          return [name, values[1] ? values : values[0]];
        }),
      )
    : data;

// Else it is what a call gave as a field of its event.
const isNoted = (form: NotedForm | Record<string, unknown>): form is NotedForm =>
  form.inputs instanceof NodeList;

/**
 * A copy of a form's data, at all depths, without what looks secret; `note` hears its name.
 */
export const readForm = (
  form: NotedForm | Record<string, unknown>,
  note: (...about: unknown[]) => void,
): unknown => {
  const { data, inputs } = isNoted(form) ? form : { data: form, inputs: [] };
  const secret = secretNames(inputs);
  const isSecret = (name: string, value: unknown): boolean =>
    isSecretName(name) ||
    secret.includes(name) ||
    // A list is looked at by its elements, and an object by its fields.
    (typeof value !== "object" && isSecretValue(String(value)));
  const text = JSON.stringify(fieldsOf(data));
  return (
    text &&
    (JSON.parse(text, (name, value: unknown) => {
      if (!isSecret(name, value)) return value;
      note("dropped", name);
    }) as unknown)
  );
};

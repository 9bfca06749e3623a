// Less than the collector takes of one event.
const MAX_DEPTH = 13;
const MAX_KEYS = 99;
const MAX_VALUES = 1500;

type Any = Record<string, unknown>;

/**
 * A copy of any value as JSON can say it. A part of the page, a circle and what lies too deep
 * are replaced by what they are, `[object HTMLButtonElement]`; what is too much is left out.
 */
export const toPlain = (whole: unknown): unknown => {
  let left = MAX_VALUES;

  const copy = (value: unknown, above: unknown[]): unknown => {
    if ("bigint symbol".includes(typeof value)) return String(value);
    if (typeof value !== "object" || !value) return value;
    const within = [...above, value];
    if (above.includes(value) || above[MAX_DEPTH - 1] || (value as Any).nodeType || (value as Any).window === value)
      return {}.toString.call(value);
    const isList = Array.isArray(value);
    // Old libraries gave all lists a toJSON, which makes texts of them.
    if (!isList && ((value as Any).toJSON as Partial<CallableFunction>)?.call)
      return copy((value as { toJSON: () => unknown }).toJSON(), within);
    const copied: Any = isList ? ([] as unknown as Any) : {};
    if (isList) copied.toJSON = undefined;
    for (const name of Object.keys(value).slice(0, isList ? MAX_VALUES : MAX_KEYS))
      // The fields of an event itself are not counted: ours are among them.
      if (!above[1] || left-- > 0)
        try {
          copied[name] = copy((value as Any)[name], within);
        } catch {
          copied[name] = "[unreadable]";
        }
    return copied;
  };
  return (copy([whole], []) as unknown[])[0];
};

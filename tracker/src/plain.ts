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
    if (typeof value === "bigint" || typeof value === "symbol") return value.toString();
    if (typeof value !== "object" || !value) return value;
    const object = value as Any;
    const within = [...above, object];
    if (above.includes(object) || above[MAX_DEPTH - 1] || object.nodeType || object.window === object)
      return {}.toString.call(object);
    const isList = Array.isArray(object);
    // Old libraries gave all lists a toJSON, which makes texts of them.
    if (!isList && typeof object.toJSON === "function")
      return copy((object as { toJSON: () => unknown }).toJSON(), within);
    const copied: Any = isList ? ([] as unknown as Any) : {};
    if (isList) copied.toJSON = undefined;
    for (const name of Object.keys(object).slice(0, isList ? MAX_VALUES : MAX_KEYS))
      // The fields of an event itself are not counted: ours are among them.
      if (!above[1] || left-- > 0)
        try {
          copied[name] = copy(object[name], within);
        } catch {
          copied[name] = "[unreadable]";
        }
    return copied;
  };
  return (copy({ whole }, []) as Any).whole;
};

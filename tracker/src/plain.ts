// Less than the collector takes of one event.
const MAX_DEPTH = 12;
const MAX_KEYS = 99;
const MAX_VALUES = 1500;

type Any = Record<string, unknown>;

/** Whether a field is left out, at any depth. */
type LeavesOut = (name: string, value: unknown) => unknown;

const speaksForItself = (value: object): value is { toJSON: () => unknown } =>
  typeof (value as { toJSON?: unknown }).toJSON === "function";

/**
 * A copy of any value as JSON can say it. A part of the page, a circle and what lies too deep
 * are replaced by what they are, `[object HTMLButtonElement]`; what is too much is left out.
 */
export const toPlain = (whole: unknown, leavesOut?: LeavesOut): unknown => {
  let left = MAX_VALUES;

  const copyObject = (value: Any, above: unknown[]): unknown => {
    const within = [...above, value];
    if (within.length > MAX_DEPTH || above.includes(value) || value.nodeType || value.window === value)
      return Object.prototype.toString.call(value);
    const copyPart = (name: string | number): unknown => copy(value, `${name}`, within);
    if (Array.isArray(value)) {
      const list: unknown[] = value.slice(0, MAX_VALUES);
      // Old libraries gave all lists a toJSON, which makes texts of them.
      return Object.assign(list.map((_item, index) => copyPart(index)), { toJSON: undefined });
    }
    if (speaksForItself(value)) return copy({ said: value.toJSON() }, "said", within);
    return Object.fromEntries(
      Object.keys(value).slice(0, MAX_KEYS).map((name) => [name, copyPart(name)]),
    );
  };

  const copy = (parent: Any, name: string, above: unknown[]): unknown => {
    try {
      let value = parent[name];
      if (typeof value === "bigint" || typeof value === "symbol") value = value.toString();
      // The fields of an event itself are not counted: ours are among them.
      if ((above[1] && left-- < 1) || leavesOut?.(name, value)) return;
      return typeof value === "object" && value ? copyObject(value as Any, above) : value;
    } catch {
      return "[unreadable]";
    }
  };
  return copy({ whole }, "whole", []);
};

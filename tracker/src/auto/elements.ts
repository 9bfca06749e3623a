import type { EventFields } from "../types.js";
import type { Site } from "./site.js";

const ATTRIBUTE = "data-event";

/** The event of an element: `data-event-name`, `-value` and `-currency`, the rest is metadata. */
const read = (element: HTMLElement): [type: string, name: string, fields: EventFields] => {
  const type = element.dataset.event!;
  const metadata: Record<string, string> = {};
  for (const { name, value } of element.attributes)
    if (name.startsWith(ATTRIBUTE + "-")) metadata[name.slice(ATTRIBUTE.length + 1).replaceAll("-", "_")] = value;
  const { name = type, value, currency, ...others } = metadata;
  return [type, name, { conversion_value: value, currency, metadata: others }];
};

/** Tells of clicks on elements, and of forms that are sent, which have a `data-event`. */
export const followElements = (site: Site): void => {
  const look = (event: Event): void => {
    const isForm = event.type === "submit";
    const element = event
      .composedPath()
      .find((node) => node instanceof HTMLElement && node.hasAttribute(ATTRIBUTE)) as HTMLElement;
    if (!element?.dataset.event || element instanceof HTMLFormElement !== isForm) return;
    if (isForm) site.trackFormSubmit(element.dataset.event, element as HTMLFormElement);
    else site.trackEvent(...read(element));
  };
  addEventListener("click", look, true);
  addEventListener("submit", look, true);
};

import { toPlain } from "./plain.js";

/** A form as it is when it is told of: its data, and the page's inputs. The extra reads it. */
export interface NotedForm {
  data: unknown;
  inputs: Iterable<HTMLInputElement>;
}

export const noteForm = (data: unknown): NotedForm => ({
  data: data instanceof FormData ? data : data instanceof HTMLFormElement ? new FormData(data) : toPlain(data),
  inputs: document.querySelectorAll("input"),
});

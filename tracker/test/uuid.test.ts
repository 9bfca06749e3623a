import { expect, test } from "vitest";
import { uuidv7 } from "../src/uuid.js";

test("a UUID has version 7, the variant and the time", () => {
  const before = Date.now();
  const uuid = uuidv7();
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const time = parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThanOrEqual(Date.now());
});

test("no two are alike", () => {
  expect(new Set(Array.from({ length: 10_000 }, uuidv7)).size).toBe(10_000);
});

test("all digits occur", () => {
  const digits = Array.from({ length: 500 }, () => uuidv7().slice(-12)).join("");
  expect(new Set(digits).size).toBe(10);
});

import { act, StrictMode, useState, type FC } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, expect, test, vi } from "vitest";
import { init } from "../src/index.js";
import { useConversionTracking, usePageViewTracking } from "../src/react.js";
import { startGateway } from "./gateway.js";

const LIMIT = { timeout: 30_000 };
const { pushState, replaceState } = History.prototype;
let root: Root | undefined;

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
afterEach(() => {
  act(() => root?.unmount());
  Object.assign(History.prototype, { pushState, replaceState });
});

const render = (Page: FC) => {
  root = createRoot(document.body.appendChild(document.createElement("div")));
  act(() => root!.render(<StrictMode><Page /></StrictMode>));
};

const Counted: FC = () => {
  usePageViewTracking();
  return null;
};

const settle = () => new Promise((done) => setTimeout(done, 1500));
const paths = (gateway: Awaited<ReturnType<typeof startGateway>>) =>
  gateway.received.flatMap(({ events }) => events.map(({ page_url }) => new URL(page_url).pathname));

test.each([true, false])(
  "in StrictMode a page is one view, and so is each that it navigates to (manual: %s)",
  async (manualPageViews) => {
    const gateway = await startGateway();
    init({ endpoint: gateway.endpoint, manualPageViews });
    // In every page, as in the original (docs/contract.md): each navigation mounts another.
    let navigate: (path: string) => void = () => {};
    render(() => {
      const [path, setPath] = useState("/");
      navigate = (to) => {
        history.pushState(null, "", to);
        setPath(to);
      };
      return <Counted key={path} />;
    });
    await gateway.sent(1);
    act(() => navigate("/pricing"));
    await gateway.sent(2);
    act(() => navigate("/"));
    await gateway.sent(3);
    await settle();
    expect(paths(gateway)).toEqual(["/", "/pricing", "/"]);
  },
);

test("in a layout, mounted once, navigation counts too", async () => {
  const gateway = await startGateway();
  init({ endpoint: gateway.endpoint, manualPageViews: true });
  render(Counted);
  await settle();
  history.pushState(null, "", "/docs");
  await vi.waitFor(() => expect(paths(gateway)).toEqual(["/", "/docs"]), LIMIT);
});

test("a page that mounts before init counts", async () => {
  const gateway = await startGateway();
  render(Counted);
  init({ endpoint: gateway.endpoint, manualPageViews: true });
  await vi.waitFor(() => expect(paths(gateway)).toEqual(["/"]), LIMIT);
});

test("the functions are the same at each render", () => {
  const seen = new Set<unknown>();
  const Page: FC = () => {
    seen.add(useConversionTracking());
    return null;
  };
  render(Page);
  act(() => root!.render(<Page />));
  expect(seen.size).toBe(1);
});

import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, vi } from "vitest";
import type { WireEvent } from "../src/types.js";

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  events: (WireEvent & { sent_at: number })[];
  at: number;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

const CORS = {
  "Access-Control-Allow-Origin": "http://shop.example",
  "Access-Control-Allow-Credentials": "true",
  "Access-Control-Allow-Headers": "Authorization",
  "Access-Control-Allow-Methods": "POST, OPTIONS",
  "Access-Control-Expose-Headers": "Retry-After",
};

/** A gateway on a free port: answers as told, then with 200, and keeps what it received. */
export const startGateway = async (...answers: Answer[]) => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const isEvent = request.method === "POST";
      if (isEvent) {
        const json = JSON.parse(body) as { events?: Received["events"] };
        received.push({
          method: "POST",
          path: request.url ?? "",
          headers: request.headers,
          body,
          events: json.events ?? [json as Received["events"][number]],
          at: Date.now(),
        });
      }
      const answer = (isEvent && answers.shift()) || { status: 200 };
      response.writeHead(answer.status, { ...CORS, ...answer.headers });
      response.end(answer.body ?? '{"success": true}');
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const names = () => namesOf(received);
  /** The events, as soon as there are so many. */
  const sent = async (count: number): Promise<WireEvent[]> => {
    await vi.waitFor(() => expect(names().length).toBeGreaterThanOrEqual(count), { timeout: 30_000 });
    return received.flatMap(({ events }) => events);
  };
  return { endpoint: `http://127.0.0.1:${port}`, received, names, sent };
};

/** Long enough for what would be sent. */
export const settle = () => new Promise((done) => setTimeout(done, 200));

const namesOf = (received: Received[]): string[] =>
  received.flatMap(({ events }) => events.map((event) => event.event_name));

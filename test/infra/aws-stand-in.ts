// A stand-in for the few calls of AWS that a task makes: checks that they are signed, answers from a table.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A call as it came. */
export interface Call {
  readonly target: string;
  readonly path: string;
  readonly body: string;
  readonly authorization: string;
}

/** A running stand-in. */
export interface AwsStandIn {
  readonly url: string;
  readonly calls: readonly Call[];
  close(): Promise<void>;
}

/** Answers a call, or undefined for ResourceNotFoundException. */
export type Answer = (call: Call) => object | string | undefined;

export async function startAwsStandIn(answer: Answer): Promise<AwsStandIn> {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const call = await readCall(request);
    calls.push(call);
    const found = call.authorization.startsWith("AWS4-HMAC-SHA256 ") ? answer(call) : undefined;
    if (found === undefined)
      return response.writeHead(400).end('{"__type":"x#ResourceNotFoundException","message":"no such thing"}');
    return response.end(typeof found === "string" ? found : JSON.stringify(found));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, calls, close: () => closed(server) };
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return {
    target: String(request.headers["x-amz-target"] ?? ""),
    path: `${request.method} ${request.url}`,
    body: Buffer.concat(chunks).toString(),
    authorization: String(request.headers.authorization ?? ""),
  };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

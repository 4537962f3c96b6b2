/** The headers of a message, in the form that HTTP requests have them. */
export interface MessageHeaders {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values in turn, so that one that stands twice is noticed. */
  readonly rawHeaders: readonly string[];
  readonly remoteAddress?: string;
}

/** What contexts of the transports of @nestjs/microservices can be asked for; each has some of it. */
interface TransportContext {
  /** gRPC: `Metadata` itself is the context. */
  readonly getMap?: () => Record<string, unknown>;
  readonly get?: (name: string) => unknown[];
  /** NATS. */
  readonly getHeaders?: () =>
    { keys: () => Iterable<string>; values: (name: string) => unknown } | undefined;
  /** Kafka has headers in the message, RabbitMQ in its properties. */
  readonly getMessage?: () => { headers?: unknown; properties?: { headers?: unknown } } | undefined;
  /** MQTT 5. */
  readonly getPacket?: () => { properties?: { userProperties?: unknown } } | undefined;
  /** TCP. */
  readonly getSocketRef?: () => { socket?: { remoteAddress?: string } } | undefined;
}

/** Finds the headers that came with a message; transports without any have none. */
export function messageHeaders(source: unknown): MessageHeaders {
  if (typeof source !== 'object' || source === null) return { headers: {}, rawHeaders: [] };
  const context = source as TransportContext;
  const remoteAddress = context.getSocketRef?.()?.socket?.remoteAddress;
  return { ...collectHeaders(pairsOf(context)), ...(remoteAddress ? { remoteAddress } : {}) };
}

function pairsOf(context: TransportContext): [name: string, value: unknown][] {
  const { getMap, getHeaders, getMessage, getPacket } = context;
  if (getMap) {
    return Object.keys(getMap.call(context)).map((name) => [name, context.get?.(name)]);
  }
  if (getHeaders) {
    const headers = getHeaders.call(context);
    return [...(headers?.keys() ?? [])].map((name) => [name, headers?.values(name)]);
  }
  if (getMessage) {
    const message = getMessage.call(context);
    return Object.entries(message?.headers ?? message?.properties?.headers ?? {});
  }
  if (getPacket) return Object.entries(getPacket.call(context)?.properties?.userProperties ?? {});
  return [];
}

/** Brings headers into one form: values may be text, bytes, or lists of these; whatever else is left out. */
export function collectHeaders(pairs: readonly [name: string, value: unknown][]): MessageHeaders {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  const rawHeaders: string[] = [];
  for (const [name, value] of pairs) {
    for (const item of [value].flat()) {
      if (typeof item !== 'string' && !Buffer.isBuffer(item)) continue;
      headers[name.toLowerCase()] ??= item.toString();
      rawHeaders.push(name, item.toString());
    }
  }
  return { headers, rawHeaders };
}

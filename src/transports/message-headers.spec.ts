import {
  KafkaContext,
  MqttContext,
  NatsContext,
  RedisContext,
  RmqContext,
  TcpContext,
} from '@nestjs/microservices';
import { collectHeaders, messageHeaders } from './message-headers.js';

const TOKEN = 'Bearer a.b.c';

/** Headers as the client library of NATS has them. */
class NatsHeaders {
  constructor(private readonly all: Record<string, string[]>) {}

  keys(): string[] {
    return Object.keys(this.all);
  }

  values(name: string): string[] {
    return this.all[name] ?? [];
  }
}

/** Metadata as the library of gRPC has it: Nest gives it to guards in the place of a context. */
class Metadata {
  constructor(private readonly all: Record<string, (string | Buffer)[]>) {}

  getMap(): Record<string, string | Buffer | undefined> {
    return Object.fromEntries(Object.entries(this.all).map(([name, [first]]) => [name, first]));
  }

  get(name: string): (string | Buffer)[] {
    return this.all[name] ?? [];
  }
}

describe('messageHeaders', () => {
  it.each<[string, unknown]>([
    ['gRPC', new Metadata({ authorization: [TOKEN] })],
    ['NATS', new NatsContext(['cats', new NatsHeaders({ Authorization: [TOKEN] })] as never)],
    ['Kafka', new KafkaContext([{ headers: { Authorization: Buffer.from(TOKEN) } }] as never)],
    ['RabbitMQ', new RmqContext([{ properties: { headers: { authorization: TOKEN } } }] as never)],
    [
      'MQTT 5',
      new MqttContext([
        'cats',
        { properties: { userProperties: { authorization: TOKEN } } },
      ] as never),
    ],
  ])('finds the headers of a message of %s', (_transport, context) => {
    expect(messageHeaders(context).headers).toEqual({ authorization: TOKEN });
  });

  it.each<[string, unknown]>([
    ['TCP', new TcpContext([{ socket: { remoteAddress: '192.0.2.1' } }, 'cats'] as never)],
    ['Redis', new RedisContext(['authorization'])],
    ['NATS without headers', new NatsContext(['cats', undefined] as never)],
    ['Kafka without headers', new KafkaContext([{}] as never)],
    ['MQTT 3', new MqttContext(['cats', {}] as never)],
    ['a transport that Nest does not know', { authorization: TOKEN }],
    ['none', undefined],
  ])('finds nothing in a message of %s', (_transport, context) => {
    expect(messageHeaders(context).headers).toEqual({});
  });

  it('knows where a message of TCP comes from', () => {
    const context = new TcpContext([{ socket: { remoteAddress: '192.0.2.1' } }, 'cats'] as never);
    expect(messageHeaders(context).remoteAddress).toBe('192.0.2.1');
  });

  it('shows that a header stands twice', () => {
    const { rawHeaders } = messageHeaders(new Metadata({ authorization: [TOKEN, 'Bearer x'] }));
    expect(rawHeaders).toEqual(['authorization', TOKEN, 'authorization', 'Bearer x']);
  });
});

describe('collectHeaders', () => {
  it('leaves out what is no text, and knows no names of prototypes', () => {
    const { headers } = collectHeaders([
      ['X-Number', 1],
      ['X-Object', {}],
      ['__proto__', 'odd'],
    ]);
    expect(Object.entries(headers)).toEqual([['__proto__', 'odd']]);
    expect(headers['constructor']).toBeUndefined();
  });
});
